# frozen_string_literal: true

module Tasker
  module TaskHandler
    # What the class of a task handler has.
    module ClassMethods
      autoload :StepTemplateDefiner, "tasker/task_handler/class_methods/step_template_definer"

      # Says which steps there are, in the order in which they are numbered.
      #
      # @yieldparam templates [StepTemplateDefiner]
      # @return [void]
      def define_step_templates
        definer = StepTemplateDefiner.new(self)
        yield definer
        @definition_in_code = Definition.in_code(definer.step_templates)
        nil
      end

      # Registers the class as the handler of a named task, in the place of one that is there.
      #
      # @param name [String, Symbol]
      # @param namespace_name [String, Symbol]
      # @param version [String] `MAJOR.MINOR.PATCH`
      # @param concurrent [Boolean] accepted, without effect: what does not wait for another step runs beside it
      # @return [true]
      # rubocop:disable Lint/UnusedMethodArgument -- handlers that are there say it
      def register_handler(name, namespace_name: "default", version: "0.1.0", concurrent: true)
        HandlerFactory.instance.register(name, self, namespace_name:, version:, replace: true)
      end
      # rubocop:enable Lint/UnusedMethodArgument

      # Says what YAML says of one template: several versions may share a class.
      #
      # @param key [Templates::Key]
      # @param definition [Definition]
      # @return [void]
      # @api private
      def define_template(key, definition)
        @definitions = (@definitions || {}).merge(key => definition)
      end

      # @param key [Templates::Key, nil] nil for a class that is registered under no name
      # @return [Definition] the steps of that template
      # @api private
      def definition(key) = @definitions&.[](key) || @definition_in_code || inherited_definition(key)

      # @return [Templates::Key, nil] what a handler means that nobody has looked up by its name: the template that the class was
      #   registered for last
      # @api private
      def last_template_key
        @last_template_key || (superclass.last_template_key if superclass.respond_to?(:last_template_key))
      end

      # @api private
      attr_writer :last_template_key

      private

      def inherited_definition(key)
        superclass.respond_to?(:definition) ? superclass.definition(key) : Definition::EMPTY
      end
    end
  end
end
