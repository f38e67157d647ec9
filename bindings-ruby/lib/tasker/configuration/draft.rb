# frozen_string_literal: true

require "tasker/suggestion"

module Tasker
  class Configuration
    # A configuration while it is being made: what the block of {Tasker.configure} gets.
    class Draft
      # @param configuration [Configuration] what it begins with
      def initialize(configuration)
        @blocks = BLOCKS.to_h { |name, type| [name, Block.new(type, configuration.public_send(name))] }
      end

      # `config.engine { |engine| … }` and `config.engine.identity_strategy = :hash` do the same.
      BLOCKS.each_key do |name|
        define_method(name) do |&change|
          @blocks.fetch(name).tap { |block| change&.call(block) }
        end
      end
      alias_method :authentication, :auth

      # @return [Configuration] as it is now
      def build = Configuration.new(**@blocks.transform_values(&:build))

      # Ruby's own questions (`to_ary`) are no misspelt blocks.
      def respond_to_missing?(_name, _include_private = false) = false

      private

      def method_missing(name, *, &)
        name = name.name.delete_suffix("=")
        raise ConfigurationError, "there is no block '#{name}' in the configuration#{Suggestion.for(name, BLOCKS.keys)} " \
                                  "There are #{BLOCKS.keys.join(", ")}."
      end
    end
  end
end
