# frozen_string_literal: true

module Tasker
  # Handlers that are classes: an instance is made for each attempt, from the class as it is then.
  #
  # A class that inherits from {Base} or {Api} has `process(task, sequence, step)`. A plain one has either that, whose value is the
  # result, or `handle(task, sequence, step)`, which assigns `step.results`.
  module StepHandler
    autoload :Api, "tasker/step_handler/api"
    autoload :Base, "tasker/step_handler/base"
    autoload :ByName, "tasker/step_handler/by_name"

    class << self
      # Runs an attempt.
      #
      # @param handler [Class, String] a class, or its name, which is looked up now
      # @param step [Step] the attempt
      # @return [Object] its results
      # @raise [NameError] there is no class of that name
      # @raise [ProceduralError] the class is no handler
      def invoke(handler, step)
        handler_class = handler.is_a?(String) ? Object.const_get(handler) : handler
        run_instance(instance_of(handler_class, config_of(step)), step)
      end
      alias_method :run, :invoke

      # Registers a class with {Tasker.handlers}, under its name.
      #
      # @param class_name [String]
      # @return [String] the name
      def register(class_name)
        Tasker.handlers.add(class_name, ByName.new(class_name), replace: true) unless Tasker.handlers[class_name]
        class_name
      end

      # An instance of a handler's class. It gets the configuration where there is one and its initializer takes one.
      #
      # @param handler_class [Class, Object] what is no class is a handler itself
      # @param config [Object, nil]
      # @return [Object]
      def instance_of(handler_class, config)
        return handler_class if !handler_class.is_a?(Class) || handler_class.respond_to?(:handle)

        parameter = config_parameter(handler_class)
        return handler_class.new if parameter.nil? || (config.nil? && parameter != :keyreq)

        handler_class.new(config: configured(config))
      end

      # What a handler gets for the configuration in a template: an {Api::Config} where that says `type: api`.
      #
      # @param config [Hash, Object, nil]
      # @return [Object, nil]
      def configured(config)
        return config unless config.is_a?(Hash) && (config["type"] || config[:type]).to_s == "api"

        Api::Config.from(config)
      end

      private

      # A configuration object of a template in code never went through the database.
      def config_of(step)
        own = Tasker.templates.config_object(step.namespace, step.task_name, step.version, step.name)
        own.nil? ? step.config : own
      end

      def config_parameter(handler_class)
        handler_class.instance_method(:initialize).parameters
          .find { |kind, name| kind == :keyrest || (%i[key keyreq].include?(kind) && name == :config) }
          &.first
      end

      def run_instance(handler, step)
        if handler.respond_to?(:handle)
          returned = handler.handle(step.task, step.sequence, step)
          # Whatever a plain handler's last line happens to give is no result, unless it looks like one.
          step.assigned? ? step.results : (returned if returned.is_a?(Hash))
        elsif handler.respond_to?(:process)
          returned = handler.process(step.task, step.sequence, step)
          step.assigned? ? step.results : returned
        else
          raise ProceduralError,
            "#{handler.class} is no step handler: it has neither process(task, sequence, step) nor handle(task, sequence, step)"
        end
      end
    end
  end
end
