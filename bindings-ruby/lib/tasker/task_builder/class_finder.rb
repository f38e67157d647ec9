# frozen_string_literal: true

module Tasker
  class TaskBuilder
    # The class that a configuration names: `task_handler_class`, below `module_namespace` where there is one. A class that is not
    # there is made.
    # @api private
    class ClassFinder
      # @param config [Hash]
      # @param origin [String] what messages call the configuration
      def initialize(config, origin)
        @origin = origin
        @module_name = config["module_namespace"]
        @class_name = config["task_handler_class"]
      end

      # @return [Class] a {TaskHandler}; without a name where the configuration names none
      # @raise [InvalidTaskHandlerConfig] the module is not there, or the name is that of something else
      def find_or_make
        return handler(Class.new) if @class_name.nil?

        *modules, name = @class_name.to_s.delete_prefix("::").split("::")
        enclosing = modules.reduce(namespace) { |inside, inner| constant(inside, inner) || missing("#{inside}::#{inner}") }
        handler(constant(enclosing, name) || enclosing.const_set(name, Class.new))
      rescue NameError => e
        refuse("task_handler_class '#{@class_name}' cannot be used: #{e.message}")
      end

      private

      def namespace
        return Object if @module_name.nil?

        Object.const_get(@module_name)
      rescue NameError
        missing(@module_name)
      end

      # What is asked for below a module is not looked for elsewhere.
      def constant(enclosing, name)
        enclosing.const_get(name, false) if enclosing.const_defined?(name, false)
      end

      def handler(found)
        refuse("task_handler_class '#{@class_name}' is a #{found.class}, and no class") unless found.is_a?(Class)

        found.include(TaskHandler) unless found.include?(TaskHandler)
        found
      end

      def missing(name)
        refuse("there is no module #{name} for task_handler_class '#{@class_name}': it has to be loaded before")
      end

      def refuse(problem)
        raise InvalidTaskHandlerConfig, "Invalid task handler configuration: #{@origin}: #{problem}"
      end
    end
  end
end
