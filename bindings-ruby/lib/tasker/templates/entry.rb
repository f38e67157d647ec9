# frozen_string_literal: true

module Tasker
  class Templates
    # A template that this process brings along.
    class Entry
      # @return [Key]
      attr_reader :key

      # @param key [Key]
      # @param handler [Proc] gives the task handler
      def initialize(key, handler)
        @key = key
        @handler = handler
      end

      # @return [String, Pathname, Hash, nil] the path of its file, or the template; nil where the handler has none, as a class that
      #   was registered for something else
      def source
        handler = @handler.call
        handler.template_source if handler.respond_to?(:template_source)
      end

      # @return [Hash{String => Object}] configurations of steps that are objects of the application's own, by step
      def config_objects
        @config_objects ||= objects_of(@handler.call)
      end

      private

      def objects_of(handler)
        # YAML has no objects.
        return {} unless handler.is_a?(TaskHandler) && handler.class.definition(handler.template_key).config.nil?

        handler.step_templates.to_h { |step| [step.name, step.handler_config] }
          .reject { |_, config| config.nil? || config.is_a?(Hash) }
      end
    end
  end
end
