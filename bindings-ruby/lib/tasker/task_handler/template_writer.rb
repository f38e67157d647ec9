# frozen_string_literal: true

module Tasker
  module TaskHandler
    # The template of a task handler, as the engine takes it.
    # @api private
    class TemplateWriter
      # @param handler [TaskHandler]
      def initialize(handler)
        @handler = handler
        @definition = handler.class.definition(handler.template_key)
      end

      # @return [Hash{String => Object}]
      # @raise [ProceduralError] the class is registered under no name
      def template
        body = @definition.config || in_code
        schema.nil? ? body : body.merge("schema" => schema)
      end

      # @return [String, Pathname, Hash] the path of its file where there is one that says everything
      def source
        @definition.path && schema.equal?(@definition.schema) ? @definition.path : template
      end

      private

      # It may be private.
      def schema = @schema ||= @handler.__send__(:schema)

      # A class may have its steps by a method of its own, so that their handlers are registered here at the latest.
      def in_code
        key = @handler.template_key
        raise ProceduralError, "#{@handler.class} is registered under no name: call register_handler in the class" if key.nil?

        {
          "name" => key.name,
          "namespace_name" => key.namespace,
          "version" => key.version,
          "task_handler_class" => @handler.class.name,
          "step_templates" => @handler.step_templates.map { |step| step.to_template(HandlerName.new(step, key).register) }
        }.compact
      end
    end
  end
end
