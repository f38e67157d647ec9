# frozen_string_literal: true

require "tasker/suggestion"

module Tasker
  class Configuration
    # A block of options while they are being set.
    class Block
      # @param type [Class] of {Types::BaseConfig}
      # @param config [Types::BaseConfig] what it begins with
      def initialize(type, config)
        @type = type
        @config = config
        @given = type.options.keys.select { |name| config.given?(name) }.to_h { |name| [name, config.public_send(name)] }
      end

      # @param name [String, Symbol]
      # @param value [Object]
      # @raise [ConfigurationError] there is no such option, it is refused, or the value is of the wrong type
      def []=(name, value)
        name = name.to_sym
        refuse(name) unless @type.options.key?(name)
        @given[name] = @type.options[name].kind.read(value, "#{@type.block_name}.#{name}")
      rescue TypeError => e
        raise ConfigurationError, complete(e.message, name)
      end

      # @param name [String, Symbol]
      # @return [Object] the option as it is now
      # @raise [ConfigurationError] there is no such option
      def [](name)
        name = name.to_sym
        refuse(name) unless @type.options.key?(name)
        @given.fetch(name) { @config.public_send(name) }
      end

      # Sets many.
      #
      # @param options [Hash]
      # @return [Block]
      def assign(options)
        options.each { |name, value| self[name] = value }
        self
      end

      # @return [Types::BaseConfig] as it is now
      def build = @type.new(**@given)

      # @return [Hash{Symbol => Object}] every option as it is now
      def to_h = build.to_h

      def respond_to_missing?(name, include_private = false)
        @type.options.key?(name.name.delete_suffix("=").to_sym) || super
      end

      private

      # The options are data: which there are stands in the table of the block's type.
      def method_missing(name, *arguments)
        return self[name] if arguments.empty?

        self[name.name.delete_suffix("=")] = arguments.first
      end

      def refuse(name)
        option = "#{@type.block_name}.#{name}"
        reason = @type.refusals[name]
        raise ConfigurationError, "#{option} cannot be set: #{reason}" if reason

        raise ConfigurationError, "there is no option '#{option}'#{Suggestion.for(name, @type.options.keys)}"
      end

      def complete(message, name)
        option = "#{@type.block_name}.#{name}"
        message.start_with?(option) ? message : "#{option}: #{message}"
      end
    end
  end
end
