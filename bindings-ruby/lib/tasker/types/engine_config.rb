# frozen_string_literal: true

require "tasker/identity_strategy"

module Tasker
  module Types
    # Where an application's files lie, and which requests are the same task.
    class EngineConfig < BaseConfig
      # `:key`: the caller gives an idempotency key with every request. `:custom`: {#identity_strategy_class} makes it.
      STRATEGIES = %i[default hash key custom].freeze
      private_constant :STRATEGIES

      block :engine

      used :task_handler_directory, Kind::STRING, "tasks", by: "Rails: the folder of task handlers, below app/"
      used :task_config_directory, Kind::STRING, "tasker/tasks", by: "ConfiguredTask, Rails: the folder of YAML files, below config/"
      used :default_module_namespace, Kind::CLASS_NAME.optional, nil, by: "the generators"
      setting :identity_strategy, Kind.one_of(*STRATEGIES), :default
      used :identity_strategy_class, Kind::CLASS_NAME.optional, nil, by: "IdentityStrategy, where identity_strategy is :custom"
      setting :identity_window_seconds, Kind::NUMBER, 60
      setting :on_duplicate, Kind.one_of(:return, :reject), :return
      setting :strict_versions, Kind::BOOLEAN, false
      later :custom_events_directories, Kind::STRINGS, ["config/tasker/events"], by: "events"

      # @return [#generate_identity_hash] an instance of the strategy's class
      # @raise [ArgumentError] it is :custom, and its class is missing
      def identity_strategy_instance
        case identity_strategy
        when :hash then HashIdentityStrategy.new
        when :custom then custom_strategy
        else IdentityStrategy.new
        end
      end

      # @param directories [Array<String>]
      # @return [EngineConfig] the same with more directories of custom events
      def add_custom_events_directories(*directories)
        with(custom_events_directories: custom_events_directories | directories.flatten)
      end

      # @param directories [Array<String>]
      # @return [EngineConfig] the same with other directories of custom events
      def set_custom_events_directories(directories) = with(custom_events_directories: directories.flatten)

      def problems
        return [] unless identity_strategy == :custom && identity_strategy_class.nil?

        ["Custom identity strategy selected but no identity_strategy_class provided"]
      end

      private

      def custom_strategy
        if identity_strategy_class.nil?
          raise ArgumentError, "Custom identity strategy selected but no identity_strategy_class provided"
        end

        Object.const_get(identity_strategy_class).new
      rescue NameError => e
        raise ArgumentError, "Invalid identity_strategy_class: #{e.message}"
      end
    end
  end
end
