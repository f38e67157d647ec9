# frozen_string_literal: true

require "pathname"
require "active_support/core_ext/string/inflections"

module Tasker
  # A task handler whose steps stand in a YAML file, found by the name of the class.
  #
  #   module OrderProcess
  #     class OrderHandler < Tasker::ConfiguredTask # config/tasker/tasks/order_process/order_handler.yaml
  #     end
  #   end
  #
  # Its first instance builds and registers it. {.task_name}, {.yaml_path} and {.config} may be overridden.
  class ConfiguredTask < TaskBuilder
    include TaskHandler

    class << self
      # @return [String] the name of the file, without its extension
      def task_name = to_s.underscore

      # @return [Pathname] the file
      def yaml_path
        root = defined?(::Rails.root) && ::Rails.root ? ::Rails.root : Pathname.pwd
        root.join("config", Tasker.configuration.engine.task_config_directory, "#{task_name}.yaml")
      end

      # @return [Hash] what the file says
      def config = load_yaml(yaml_path)

      # @return [Pathname, nil] the file; nil where {.config} is overridden, and says something else
      # @api private
      def config_path = (yaml_path if method(:config).owner == ConfiguredTask.singleton_class)

      # The builder of this class, made once.
      # @api private
      attr_accessor :built
    end

    # Builds and registers the handler, unless that was done before.
    def initialize # rubocop:disable Lint/MissingSuper -- what was built is built once
      built = self.class.built
      if built&.registered?
        @config = built.config
        @path = built.path
        @handler_class = built.handler_class
        @key = built.key
      else
        super(config: self.class.config, path: self.class.config_path)
        self.class.built = self
      end
      self.template_key = key
    end
  end
end
