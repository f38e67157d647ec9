# frozen_string_literal: true

module Tasker
  module TaskHandler
    # The name by which the engine knows the handler of a step: that of its class. A class without a name is known by the step's:
    # `namespace.task.step`.
    class HandlerName
      CONSTANT = /\A(::)?[A-Z]\w*(::[A-Z]\w*)*\z/
      private_constant :CONSTANT

      # @param template [Types::StepTemplate]
      # @param key [Templates::Key, nil] of its template; nil where that is not known yet
      def initialize(template, key = nil)
        @template = template
        @key = key
      end

      # Registers the handler with {Tasker.handlers}, as far as this process has it.
      #
      # @return [String, nil] the name; nil for a class without one, where the template is not known yet
      def register
        return StepHandler.register(class_name) if class_name
        return register_under_step if @template.handler.nil?

        StepHandler.register(@template.handler) if HandlerName.constant?(@template.handler)
        @template.handler
      end

      # @param name [String]
      # @return [Boolean] whether there is such a constant, loaded or not
      def self.constant?(name)
        name.match?(CONSTANT) && Object.const_defined?(name)
      rescue NameError
        false
      end

      private

      # A name that leads back to the class; one that was given as a name may lead to a class that is written later.
      def class_name
        name = @template.handler_class_name
        name if name && (@template.to_h[:handler_class].is_a?(String) || HandlerName.constant?(name))
      end

      def register_under_step
        return if @key.nil?

        name = "#{@key.namespace}.#{@key.name}.#{@template.name}"
        # Without a class it is whoever has a handler of that name.
        Tasker.handlers.add(name, @template.handler_class, replace: true) if @template.handler_class
        name
      end
    end
  end
end
