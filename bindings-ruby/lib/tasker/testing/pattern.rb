# frozen_string_literal: true

module Tasker
  module Testing
    # What is expected of a value of JSON. Classes, ranges, regular expressions, procs and matchers of RSpec may stand anywhere in
    # it, and keys may be symbols.
    # @api private
    module Pattern
      # Expects these members of an object, whatever else it has.
      Including = Data.define(:members) do
        def ===(actual)
          actual.is_a?(Hash) && members.all? do |key, member|
            actual.key?(key.to_s) && Pattern.matches?(member, actual[key.to_s])
          end
        end

        def inspect = "including #{members.inspect}"
      end

      module_function

      # @return [Boolean]
      def matches?(expected, actual)
        case expected
        when Hash then actual.is_a?(Hash) && expected.size == actual.size && Including.new(expected) === actual
        when Array then actual.is_a?(Array) && expected.size == actual.size && expected.zip(actual).all? { |pair| matches?(*pair) }
        when Symbol then expected.name == actual
        else expected === actual || expected == actual
        end
      end

      # @return [String] for people
      def described(expected)
        # Matchers of RSpec say what they are.
        expected.respond_to?(:matches?) && expected.respond_to?(:description) ? expected.description : expected.inspect
      end
    end
  end
end
