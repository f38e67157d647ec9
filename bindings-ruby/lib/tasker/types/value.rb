# frozen_string_literal: true

require "tasker/suggestion"

module Tasker
  module Types
    # An immutable value with typed attributes.
    #
    #   class Point < Value
    #     attribute :x, Kind::INTEGER
    #     attribute :y, Kind::INTEGER, default: 0
    #   end
    #
    # It is made of keywords, or of one Hash with string or symbol keys.
    class Value
      REQUIRED = Object.new.freeze
      private_constant :REQUIRED

      # One attribute: its name, its {Kind}, and what it is where it is left out.
      Attribute = Data.define(:name, :kind, :default) do
        # @api private
        def required? = default.equal?(REQUIRED)

        # @api private
        def default_value = default.is_a?(Proc) ? default.call : default
      end

      class << self
        # Declares an attribute.
        #
        # @param name [Symbol]
        # @param kind [Kind]
        # @param default [Object, Proc] what it is where it is left out; it has to be given otherwise
        # @return [void]
        def attribute(name, kind, default: REQUIRED)
          @attributes = attributes.merge(name => Attribute.new(name:, kind:, default:)).freeze
          readers.attr_reader name
        end

        # @return [Hash{Symbol => Attribute}] in the order of their declaration
        def attributes
          @attributes || (superclass <= Value ? superclass.attributes : {})
        end

        private

        # A module, so that a class may define a reader of its own and call `super`.
        def readers = @readers ||= Module.new.tap { |readers| include readers }
      end

      # @param hash [Hash, nil] the attributes, instead of keywords
      # @raise [ArgumentError] an attribute is missing, or is none of this value's
      # @raise [TypeError] an attribute is of the wrong kind
      def initialize(hash = nil, **keywords)
        given = {**hash.to_h, **keywords}.transform_keys(&:to_sym)
        refuse_unknown(given)
        refuse_missing(given)
        self.class.attributes.each_value do |attribute|
          value = given.key?(attribute.name) ? attribute.kind.read(given[attribute.name], attribute.name) : attribute.default_value
          instance_variable_set(:"@#{attribute.name}", value)
        end
        @given = given.keys.freeze
        freeze
      end

      # @param name [String, Symbol]
      # @return [Boolean] whether the attribute was given, and is not its default for having been left out
      def given?(name) = @given.include?(name.to_sym)

      # @param name [String, Symbol]
      # @return [Object, nil] the attribute of that name
      def [](name)
        name = name.to_sym
        public_send(name) if self.class.attributes.key?(name)
      end

      # @return [Hash{Symbol => Object}] every attribute; values inside are Hashes, too
      def to_h = self.class.attributes.keys.to_h { |name| [name, plain(instance_variable_get(:"@#{name}"))] }

      def to_hash = to_h

      # @return [Value] the same with other attributes
      def with(**changes) = self.class.new(**given_attributes, **changes)

      def deconstruct_keys(_names) = to_h

      def ==(other) = other.instance_of?(self.class) && other.to_h == to_h

      def eql?(other) = self == other

      def hash = [self.class, to_h].hash

      # For people.
      def inspect
        "#<#{self.class.name} #{to_h.map { |name, value| "#{name}=#{Kind.shown(value)}" }.join(" ")}>"
      end
      alias_method :to_s, :inspect

      private

      def given_attributes = @given.to_h { |name| [name, instance_variable_get(:"@#{name}")] }

      def plain(value)
        case value
        when Value then value.to_h
        when Array then value.map { |member| plain(member) }
        else value
        end
      end

      def refuse_unknown(given)
        unknown = (given.keys - self.class.attributes.keys).first or return

        raise ArgumentError, "#{self.class.name} has no '#{unknown}'#{Suggestion.for(unknown, self.class.attributes.keys)}"
      end

      def refuse_missing(given)
        missing = self.class.attributes.each_value.select(&:required?).map(&:name) - given.keys
        return if missing.empty?

        raise ArgumentError, "#{self.class.name} needs #{missing.map { |name| "'#{name}'" }.join(", ")}"
      end
    end
  end
end
