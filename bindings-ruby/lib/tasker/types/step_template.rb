# frozen_string_literal: true

require "active_support/core_ext/object/blank"

module Tasker
  module Types
    # One step of a task handler's template.
    #
    # `handler_class` is a class or its name, looked up when it is asked for; `handler` instead names a handler that is registered
    # under a name of its own, in whatever language.
    class StepTemplate < Value
      HANDLER_CLASS = Kind.new("a Class or its name") { |value| value.is_a?(Class) ? value : Kind::STRING.convert(value) }
      private_constant :HANDLER_CLASS

      attribute :name, Kind::STRING
      attribute :handler_class, HANDLER_CLASS.optional, default: nil
      attribute :handler, Kind::STRING.optional, default: nil
      attribute :description, Kind::STRING.optional, default: nil
      attribute :dependent_system, Kind::STRING.optional, default: nil
      attribute :depends_on_step, Kind::STRING.optional, default: nil
      attribute :depends_on_steps, Kind::STRINGS, default: [].freeze
      attribute :default_retryable, Kind::BOOLEAN, default: true
      attribute :default_retry_limit, Kind::INTEGER, default: 3
      attribute :skippable, Kind::BOOLEAN, default: false
      attribute :handler_config, Kind::ANY, default: nil
      attribute :custom_events, Kind::LIST, default: [].freeze
      attribute :timeout_seconds, Kind::NUMBER.optional, default: nil
      attribute :priority, Kind::INTEGER.optional, default: nil
      attribute :retry, Kind::HASH.optional, default: nil

      # @return [Class, nil] the class of the handler, as it is now
      # @raise [NameError] there is no class of that name
      def handler_class = @handler_class.is_a?(String) ? Object.const_get(@handler_class) : @handler_class

      # @return [String, nil] the name of that class; nil where it has none
      def handler_class_name = @handler_class.is_a?(Class) ? @handler_class.name : @handler_class

      # @return [String] the name where none was given
      def description = @description || name

      # @return [Array<String>] the steps that it waits for
      def all_dependencies = [depends_on_step, *depends_on_steps].compact.uniq

      # @return [Hash{Symbol => Object}]
      def to_h = super.merge(description:)

      # @param handler [String] the name of its handler
      # @return [Hash{String => Object}] the step as a template says it
      def to_template(handler)
        {
          "name" => name,
          "handler" => handler,
          "description" => @description,
          "dependent_system" => dependent_system,
          "depends_on_step" => depends_on_step,
          "depends_on_steps" => depends_on_steps.presence,
          "default_retryable" => default_retryable,
          "default_retry_limit" => default_retry_limit,
          "skippable" => skippable,
          "handler_config" => (handler_config if handler_config.is_a?(Hash)),
          "custom_events" => custom_events.presence,
          "timeout_seconds" => timeout_seconds,
          "priority" => priority,
          "retry" => self.retry
        }.compact
      end
    end
  end
end
