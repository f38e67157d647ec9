# frozen_string_literal: true

require "date"
require "yaml"
require "active_support/core_ext/hash/keys"

module Tasker
  # Makes a task handler of what a YAML file says: a class that is registered under the name, with the file as its template.
  #
  #   Tasker::TaskBuilder.from_yaml("config/tasker/tasks/process_order.yaml").handler_class
  #
  # Here it is checked that there are classes; everything else about the file is checked by the engine, when the template is
  # registered.
  class TaskBuilder
    autoload :ClassFinder, "tasker/task_builder/class_finder"
    autoload :StepClasses, "tasker/task_builder/step_classes"

    # @return [Hash{String => Object}] what the file says
    attr_reader :config
    # @return [Class] the task handler
    attr_reader :handler_class
    # @return [String, Pathname, nil] the path of the file
    attr_reader :path
    # @return [Templates::Key] what the template is known by
    # @api private
    attr_reader :key

    class << self
      # @param path [String, Pathname]
      # @return [TaskBuilder]
      # @raise [InvalidTaskHandlerConfig] the file is no template, or names classes that are not there
      # @raise [SystemCallError] the file cannot be read
      def from_yaml(path) = new(config: load_yaml(path), path:)

      # @param path [String, Pathname]
      # @return [Hash{String => Object}]
      # @raise [InvalidTaskHandlerConfig] it is no YAML
      # @raise [SystemCallError] the file cannot be read
      def load_yaml(path)
        YAML.safe_load_file(path, aliases: true, permitted_classes: [Date, Symbol, Time]) || {}
      rescue Psych::Exception => e
        raise InvalidTaskHandlerConfig, "Invalid task handler configuration: #{path}: #{e.message}"
      end
    end

    # Builds and registers it.
    #
    # @param config [Hash] as a YAML file says it
    # @param path [String, Pathname, nil] the file that it comes from
    # @raise [InvalidTaskHandlerConfig] this is no template, or it names classes that are not there
    def initialize(config: {}, path: nil)
      @path = path
      @config = config.is_a?(Hash) ? config.deep_stringify_keys : config
      validate_config
      @key = Templates::Key.of(namespace: @config["namespace_name"], name: @config["name"], version: @config["version"])
      build
    end

    # Makes the class what the configuration says, and registers it.
    #
    # @return [Class] the task handler
    # @raise [InvalidTaskHandlerConfig] it names classes that are not there
    def build
      steps = StepClasses.new(config, origin)
      steps.check
      @handler_class = ClassFinder.new(config, origin).find_or_make
      define_constants
      handler_class.define_template(key, TaskHandler::Definition.in_yaml(config, path))
      steps.register
      HandlerFactory.instance.register(key.name, handler_class, namespace_name: key.namespace, version: key.version, replace: true)
      # It need not read the file again; one that says its configuration itself still says it.
      handler_class.built = self if handler_class < ConfiguredTask && handler_class.config_path
      handler_class
    end

    # Checks what has to be there to make a class of it.
    #
    # @return [true]
    # @raise [InvalidTaskHandlerConfig]
    def validate_config
      problem = config_problem
      raise InvalidTaskHandlerConfig, "Invalid task handler configuration: #{origin}: #{problem}" if problem

      true
    end

    # @return [Boolean] whether the handler is still registered
    # @api private
    def registered? = HandlerFactory.instance.registered(key).equal?(handler_class)

    private

    # What messages call the configuration.
    def origin = path&.to_s || "the configuration of '#{config["name"] if config.is_a?(Hash)}'"

    def config_problem
      return "a map is expected, not #{config.class}" unless config.is_a?(Hash)
      return "it has no name" if config["name"].to_s.strip.empty?

      steps = config["step_templates"]
      return "step_templates is a list of steps, each a map" unless steps.is_a?(Array) && steps.all?(Hash)

      "each step needs a name" unless steps.all? { |step| step["name"] }
    end

    # For handlers that are written against them.
    def define_constants
      {DEFAULT_DEPENDENT_SYSTEM: config["default_dependent_system"], NAMED_STEPS: config["named_steps"]}.compact
        .reject { |name, _| handler_class.const_defined?(name, false) }
        .each { |name, value| handler_class.const_set(name, value) }
    end
  end
end
