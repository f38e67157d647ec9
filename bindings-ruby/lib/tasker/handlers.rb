# frozen_string_literal: true

require "monitor"

module Tasker
  # Handlers by name. A worker runs those of one registry, and claims nothing else: nothing is ever loaded because of a name that
  # stands in the database.
  class Handlers
    include Enumerable

    # Begins with no handler.
    def initialize
      @handlers = {}
      @lock = Monitor.new
    end

    # Registers a handler.
    #
    # @param name [String, Symbol] the name that templates use
    # @param callable [#call, Class, nil] called with a {Step}; or a class whose instances have `process(task, sequence, step)`
    # @param replace [Boolean] whether one that is there may be replaced
    # @return [String] the name
    # @raise [ArgumentError] the name is empty or taken, or this is no handler
    def add(name, callable = nil, replace: false, &block)
      name = name.to_s
      raise ArgumentError, "a handler needs a name: the one that templates use" if name.empty?

      function = function_of(name, callable || block)
      @lock.synchronize do
        raise ArgumentError, "the handler '#{name}' is there already: #{@handlers[name]}" if @handlers.key?(name) && !replace

        @handlers = @handlers.merge(name => function).freeze
      end
      name
    end

    # @param name [String]
    # @return [#call, nil] the handler of that name, as it is now
    def [](name) = @handlers[name]

    # @return [Array<String>]
    def names = @handlers.keys

    # @param name [String, Symbol]
    def delete(name)
      @lock.synchronize { @handlers = @handlers.except(name.to_s).freeze }
    end

    # Forgets all of them.
    def clear
      @lock.synchronize { @handlers = {}.freeze }
    end

    # @yieldparam name [String]
    # @yieldparam handler [#call]
    def each(&) = @handlers.each(&)

    # @return [Boolean]
    def empty? = @handlers.empty?

    # @return [Integer]
    def size = @handlers.size

    private

    def function_of(name, handler)
      case handler
      when Class then of_class(name, handler)
      when nil then raise ArgumentError, "the handler '#{name}' is missing: give a block, a callable or a class"
      else
        return handler if handler.respond_to?(:call)

        raise ArgumentError, "the handler '#{name}' can neither be called nor is it a class: #{handler.inspect}"
      end
    end

    # An instance for each attempt.
    def of_class(name, handler)
      unless handler.method_defined?(:process) || handler.method_defined?(:handle)
        raise ArgumentError, "the class #{handler} of the handler '#{name}' has no process(task, sequence, step)"
      end

      ->(step) { StepHandler.run(handler, step) }
    end
  end
end
