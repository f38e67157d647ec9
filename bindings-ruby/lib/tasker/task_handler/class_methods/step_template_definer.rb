# frozen_string_literal: true

module Tasker
  module TaskHandler
    module ClassMethods
      # What the block of `define_step_templates` gets.
      class StepTemplateDefiner
        # @return [Array<Types::StepTemplate>] what was defined
        attr_reader :step_templates
        # @return [Class] the task handler
        attr_reader :klass

        # @param klass [Class] the task handler
        def initialize(klass)
          @klass = klass
          @step_templates = []
        end

        # Defines a step.
        #
        # @param attributes [Hash] `name` and `handler_class`, a class or its name; besides `description`, `dependent_system`
        #   ("unknown"), `depends_on_step`, `depends_on_steps`, `default_retryable` (true), `default_retry_limit` (3 executions in
        #   total), `skippable`, `handler_config`, `custom_events`, `timeout_seconds`, `priority`, `retry`. `handler` instead of
        #   `handler_class` names a handler that another process has, in whatever language
        # @return [void]
        # @raise [ArgumentError] something is missing, or unknown
        # @raise [TypeError] something is of the wrong type
        def define(**attributes)
          template = Types::StepTemplate.new(dependent_system: "unknown", **attributes)
          handler_class = attributes[:handler_class]
          if handler_class.nil? && template.handler.nil?
            raise ArgumentError, "the step '#{template.name}' of #{klass} needs a handler_class"
          end

          # A handler that cannot say its events cannot be used: better now than at its first step.
          handler_class.custom_event_configuration if handler_class.respond_to?(:custom_event_configuration)
          @step_templates << template
          HandlerName.new(template).register
        end

        # @return [Hash{String => String}] names of handler classes by step
        def step_handler_class_map = step_templates.to_h { |step| [step.name, step.handler_class_name] }

        # @return [Hash{String => Object}] configurations of handlers by step
        def step_handler_config_map = step_templates.to_h { |step| [step.name, step.handler_config] }
      end
    end
  end
end
