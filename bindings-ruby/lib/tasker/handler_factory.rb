# frozen_string_literal: true

require "singleton"
require "active_support/core_ext/string/inflections"

module Tasker
  # The task handlers of this process: namespace → name → version → class.
  #
  #   Tasker::HandlerFactory.instance.get("process_refund", namespace_name: "payments", version: "2.1.0")
  #
  # A handler that is registered here brings its template along: see {Templates}.
  class HandlerFactory < Registry::BaseRegistry
    include Singleton

    # Begins with no handler.
    def initialize
      super
      @handler_classes = {}.freeze
    end

    # Namespaces, names and versions with their classes, as of now: `{payments: {process_refund: {"2.1.0" => RefundHandler}}}`.
    #
    # @return [Hash{Symbol => Hash}] frozen
    attr_reader :handler_classes
    alias_method :all_items, :handler_classes

    # Registers a task handler.
    #
    # @param name [String, Symbol] the name of the named task
    # @param class_or_class_name [Class, String] a name is looked up at each use
    # @param namespace_name [String, Symbol]
    # @param version [String] `MAJOR.MINOR.PATCH`
    # @param replace [Boolean] whether one that is there may be replaced
    # @return [true]
    # @raise [ArgumentError] it is there already, or something is missing
    def register(name, class_or_class_name, namespace_name: :default, version: "0.1.0", replace: false)
      validate_registration_params!(name, class_or_class_name)
      key = Templates::Key.of(namespace: namespace_name, name:, version:)
      # What a class says of its events is asked first, so that one that raises leaves nothing behind.
      class_or_class_name.custom_event_configuration if class_or_class_name.respond_to?(:custom_event_configuration)
      thread_safe_operation { put(key, class_or_class_name, replace) }
      class_or_class_name.last_template_key = key if class_or_class_name.is_a?(TaskHandler::ClassMethods)
      Tasker.templates.add(key) { get(key.name, namespace_name: key.namespace, version: key.version) }
      true
    end

    # @param name [String, Symbol]
    # @param namespace_name [String, Symbol]
    # @param version [String, nil] the latest by its numbers where nil
    # @return [Object] a new instance
    # @raise [ProceduralError] no such handler is registered, or its class is not there
    def get(name, namespace_name: :default, version: nil)
      versions = handler_classes.dig(namespace_name.to_sym, name.to_sym) || {}
      version = version.nil? ? in_order(versions.keys).last : version.to_s
      registered = versions[version]
      raise ProceduralError, not_found(name, namespace_name, version) if registered.nil?

      instance_of(registered).tap do |handler|
        key = Templates::Key.of(namespace: namespace_name, name:, version:)
        handler.template_key = key if handler.is_a?(TaskHandler)
      end
    end

    # @param key [Templates::Key]
    # @return [Class, String, nil] what is registered
    # @api private
    def registered(key) = handler_classes.dig(key.namespace.to_sym, key.name.to_sym, key.version)

    # @param namespace [String, Symbol, nil] all of them where nil
    # @return [Hash] names and versions of that namespace, or namespaces with theirs
    def list_handlers(namespace: nil)
      namespace.nil? ? handler_classes : handler_classes.fetch(namespace.to_sym, {}.freeze)
    end

    # @return [Array<Symbol>] `default` among them, whether or not it has handlers
    def registered_namespaces = [:default, *handler_classes.keys].uniq

    # @return [Set<Symbol>]
    def namespaces = registered_namespaces.to_set

    # @return [Hash{Symbol => Object}] `total_namespaces`, `total_handlers` (each version counts), `handlers_by_namespace`,
    #   `versions_by_namespace`
    def stats
      classes = handler_classes
      counts = classes.transform_values { |names| names.each_value.sum(&:size) }
      {
        **base_stats,
        total_namespaces: registered_namespaces.size,
        total_handlers: counts.values.sum,
        handlers_by_namespace: counts,
        versions_by_namespace: classes.transform_values { |names| in_order(names.each_value.flat_map(&:keys)) }
      }
    end

    # Forgets all handlers and their templates, as Rails does before it loads the application again.
    #
    # @return [true]
    def clear!
      thread_safe_operation { @handler_classes = {}.freeze }
      Tasker.templates.clear!
      true
    end
    alias_method :clear_all!, :clear!

    # A version in the order of its numbers; what comes before a release (`2.0.0-beta`) comes before it.
    Version = Struct.new(:text) do
      include Comparable

      def <=>(other) = order <=> other.order

      # @api private
      def order
        numbers, before = text.split("-", 2)
        [numbers.to_s.split(".").map(&:to_i), before.nil? ? 1 : 0, before.to_s]
      end
    end
    private_constant :Version

    private

    # Readers see one state or the next: what they have never changes.
    def put(key, handler_class, replace)
      namespace, name = key.namespace.to_sym, key.name.to_sym
      names = handler_classes.fetch(namespace, {})
      versions = names.fetch(name, {})
      raise ArgumentError, taken(key) if versions.key?(key.version) && !replace

      versions = versions.merge(key.version => handler_class).freeze
      @handler_classes = handler_classes.merge(namespace => names.merge(name => versions).freeze).freeze
    end

    def in_order(versions) = versions.uniq.sort_by { |version| Version.new(version) }

    def instance_of(registered)
      return registered.to_s.camelize.constantize.new unless registered.is_a?(Class)

      current(registered).new
    rescue NameError => e
      raise ProceduralError, "Failed to instantiate handler: #{e.message}"
    end

    # A class that Rails has reloaded is another object of the same name.
    def current(handler_class)
      return handler_class unless handler_class.name && TaskHandler::HandlerName.constant?(handler_class.name)

      Object.const_get(handler_class.name).then { |found| found.is_a?(TaskHandler::ClassMethods) ? found : handler_class }
    end

    def taken(key)
      "Handler '#{key.name}' already registered in namespace '#{key.namespace}' version '#{key.version}'. " \
        "Use replace: true to override."
    end

    def not_found(name, namespace_name, version)
      return "No task handler for #{name}" if namespace_name.to_sym == :default
      return "No task handler for #{name} in namespace #{namespace_name}" if version.nil?

      "No task handler for #{name} in namespace #{namespace_name} and version #{version}"
    end
  end
end
