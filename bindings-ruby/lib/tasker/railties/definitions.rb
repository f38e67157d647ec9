# frozen_string_literal: true

module Tasker
  module Railties
    # The application's handlers and templates. They are loaded at boot, and again when Rails has reloaded code, so that a worker in
    # development runs the newest: handlers are known by the names of their classes, which are looked up at each attempt.
    # @api private
    module Definitions
      module_function

      # Loads all of them, in the place of those that were there.
      #
      # @raise [InvalidTaskHandlerConfig] a template is wrong, with everything that is
      # @raise [NameError] a template names a class that there is not
      def load
        before = Tasker.handlers.names
        forget
        load_handlers
        load_templates
        tell_of_new(Tasker.handlers.names - before)
        @loaded = true
      end

      # @return [Pathname]
      def handler_directory = ::Rails.root.join("app", Tasker.configuration.engine.task_handler_directory)

      # @return [Pathname]
      def template_directory = ::Rails.root.join("config", Tasker.configuration.engine.task_config_directory)

      # Back to what was registered before the application's code was first loaded, which will not be loaded again.
      def forget
        @outside ||= {classes: HandlerFactory.instance.handler_classes, names: Tasker.handlers.names}
        HandlerFactory.instance.clear!
        each_class(@outside[:classes]) do |namespace_name, name, version, handler|
          HandlerFactory.instance.register(name, handler, namespace_name:, version:)
        end
        of_classes = Tasker.handlers.filter_map { |name, handler| name if handler.is_a?(StepHandler::ByName) }
        (of_classes - @outside[:names]).each { |name| Tasker.handlers.delete(name) }
      end

      def each_class(namespaces)
        namespaces.each do |namespace, names|
          names.each { |name, versions| versions.each { |version, handler| yield namespace, name, version, handler } }
        end
      end

      # Classes that register themselves are known once they are loaded.
      def load_handlers
        ::Rails.autoloaders.main.eager_load_dir(handler_directory.to_s) if handler_directory.directory?
      end

      def load_templates
        template_directory.glob("**/*.{yml,yaml}").sort.each { |file| TaskBuilder.from_yaml(file.to_s).build }
      end

      # A worker claims steps of the handlers that it has begun with.
      def tell_of_new(names)
        return if names.empty? || !@loaded

        Tasker.logger.info { "[tasker] new handlers: #{names.sort.join(", ")}. A worker that runs knows them after a restart" }
      end

      private_class_method :forget, :each_class, :load_handlers, :load_templates, :tell_of_new
    end
  end
end
