# frozen_string_literal: true

module Tasker
  class TaskBuilder
    # The classes that the steps of a configuration name, in whatever environment.
    #
    # `handler_class` is a class, which has to be there. `handler` may be any name: where it is that of a class, the class is used.
    # @api private
    class StepClasses
      # @param config [Hash]
      # @param origin [String] what messages call the configuration
      def initialize(config, origin)
        @config = config
        @origin = origin
      end

      # @return [void]
      # @raise [InvalidTaskHandlerConfig] with every class that is not there
      def check
        missing = named("handler_class").filter_map { |step, name| problem(step, name) }
        return if missing.empty?

        raise InvalidTaskHandlerConfig, "Invalid task handler configuration: #{@origin}: #{missing.join("; ")}"
      end

      # Registers them with {Tasker.handlers}.
      #
      # @return [void]
      def register
        classes = named("handler_class").map(&:last)
        classes += named("handler").map(&:last).select { |name| TaskHandler::HandlerName.constant?(name) }
        classes.uniq.each { |name| StepHandler.register(name) }
      end

      private

      # Steps with the names that they have under a key.
      def named(key)
        steps.filter_map { |step| [step["name"], step[key].to_s] if step[key] }.uniq
      end

      def steps
        environments = @config["environments"]
        sections = environments.is_a?(Hash) ? environments.values.grep(Hash) : []
        [@config, *sections].flat_map { |section| Array(section["step_templates"]).grep(Hash) }
      end

      def problem(step, name)
        Object.const_get(name)
        nil
      rescue NameError => e
        "the step '#{step}' names the handler_class #{name}, which is not there (#{e.message}): define it, or correct its name"
      end
    end
  end
end
