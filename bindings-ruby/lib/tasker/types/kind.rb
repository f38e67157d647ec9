# frozen_string_literal: true

require "time"
require "tasker/suggestion"

module Tasker
  module Types
    # What a value has to be: words for messages, and how it is read. Reading keeps the value, or what it stands for: a Symbol for a
    # String, a Duration for a number. What is kept is frozen.
    class Kind
      MISMATCH = Object.new.freeze
      private_constant :MISMATCH

      # How much of a wrong value a message shows.
      SHOWN_CHARACTERS = 60

      # @return [String] what a value of this kind is, for messages: "a String"
      attr_reader :words

      # @param words [String]
      # @yieldparam value [Object]
      # @yieldreturn [Object] what is kept, or what {.mismatch} gives
      def initialize(words, &read)
        @words = words.freeze
        @read = read
        freeze
      end

      # @param value [Object]
      # @param name [String, Symbol] what it is the value of, for the message
      # @return [Object] what is kept
      # @raise [TypeError] the value is of another kind
      def read(value, name)
        kept = convert(value)
        return kept unless kept.equal?(MISMATCH)

        raise TypeError, "#{name} must be #{words}, not #{Kind.shown(value)} (#{value.class})"
      end

      # @return [Object] what is kept, or {.mismatch}
      # @api private
      def convert(value) = @read.call(value)

      # @return [Kind] the same, or nil
      def optional
        inner = self
        Kind.new("#{words} or nil") { |value| value.nil? ? nil : inner.convert(value) }
      end

      class << self
        # What {#convert} gives for a value of another kind.
        def mismatch = MISMATCH

        # @param kind [Kind] of its members
        # @param words [String] what the members are called together
        # @return [Kind] an Array
        def list_of(kind, words)
          new("an Array of #{words}") do |value|
            next MISMATCH unless value.respond_to?(:to_ary)

            members = value.to_ary.map { |member| kind.convert(member) }
            members.any? { |member| member.equal?(MISMATCH) } ? MISMATCH : members.freeze
          end
        end

        # @param words [Array<Symbol, String>]
        # @return [Kind] one of some words, whether it comes as a Symbol or as a String
        def one_of(*words)
          new("one of #{words.map(&:inspect).join(", ")}") do |value|
            words.find { |word| word.to_s == value.to_s } || MISMATCH
          end
        end

        # A Hash of known keys; what is left out keeps its default.
        #
        # @param defaults [Hash{Symbol => Object}]
        # @return [Kind]
        def table(defaults)
          new("a Hash with keys of #{defaults.keys.join(", ")}") do |value|
            next MISMATCH unless value.respond_to?(:to_hash)

            given = value.to_hash.transform_keys(&:to_sym)
            unknown = (given.keys - defaults.keys).first
            raise TypeError, "there is no key '#{unknown}' here#{Suggestion.for(unknown, defaults.keys)}" if unknown

            frozen_copy(defaults.merge(given))
          end
        end

        # @return [Object] the same, its Hashes, Arrays and Strings copied and frozen all the way down
        def frozen_copy(value)
          case value
          when Hash then value.transform_values { |member| frozen_copy(member) }.freeze
          when Array then value.map { |member| frozen_copy(member) }.freeze
          when String then value.frozen? ? value : value.dup.freeze
          else value
          end
        end

        # @api private
        def shown(value)
          text = value.inspect
          text.length > SHOWN_CHARACTERS ? "#{text[0, SHOWN_CHARACTERS]}…" : text
        end
      end

      STRING = new("a String") do |value|
        case value
        when String then frozen_copy(value)
        when Symbol then value.name
        else MISMATCH
        end
      end

      SYMBOL = new("a Symbol") do |value|
        value.is_a?(String) || value.is_a?(Symbol) ? value.to_sym : MISMATCH
      end

      BOOLEAN = new("true or false") { |value| [true, false].include?(value) ? value : MISMATCH }

      # A Duration of ActiveSupport's says that it is an Integer, and becomes one.
      INTEGER = new("an Integer") { |value| value.is_a?(Integer) ? value.to_i : MISMATCH }

      NUMBER = new("a number") do |value|
        if value.is_a?(Integer)
          value.to_i
        elsif value.is_a?(Numeric)
          value.to_f.finite? ? value.to_f : MISMATCH
        else
          MISMATCH
        end
      end

      HASH = new("a Hash") { |value| value.respond_to?(:to_hash) ? frozen_copy(value.to_hash) : MISMATCH }

      LIST = new("an Array") { |value| value.respond_to?(:to_ary) ? value.to_ary.dup.freeze : MISMATCH }

      STRINGS = list_of(STRING, "Strings")

      PATH = new("a path") { |value| value.respond_to?(:to_path) ? value.to_path : STRING.convert(value) }

      # A class by its name, so that one that Rails reloads is never held.
      CLASS_NAME = new("a class or its name") do |value|
        value.is_a?(Module) ? value.name || MISMATCH : STRING.convert(value)
      end

      TIME = new("a Time, or its text in ISO 8601") do |value|
        next value if value.is_a?(Time)
        next value.to_time if value.is_a?(Date)

        value.is_a?(String) ? Time.iso8601(value) : MISMATCH
      rescue ArgumentError
        MISMATCH
      end

      ANY = new("anything") { |value| value }
    end
  end
end
