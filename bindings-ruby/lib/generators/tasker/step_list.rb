# frozen_string_literal: true

require "thor"

module Tasker
  module Generators
    # The steps of a workflow as they are named on the command line: each waits for the one before it, unless it says what it waits
    # for.
    #
    #   validate_cart charge_payment              charge_payment waits for validate_cart
    #   validate: reserve: charge:validate,reserve   validate and reserve wait for nothing, charge for both
    class StepList
      include Enumerable

      # A step, and the names of those that it waits for.
      Step = Data.define(:name, :parents)

      # @param arguments [Array<String>]
      # @yieldparam name [String] as it was given
      # @yieldreturn [String] as it is to be
      # @raise [Thor::Error] a step stands there twice, or waits for one that does not stand before it
      def initialize(arguments, &name)
        @name = name
        @steps = arguments.each_with_object([]) { |argument, steps| steps << parse(argument, steps) }
      end

      def each(&) = @steps.each(&)

      # @return [Array<String>]
      def names = map(&:name)

      # @return [Boolean] whether each step waits for the one before it, so that there is one order only
      def chain? = each_cons(2).all? { |before, after| after.parents == [before.name] } && first.parents.empty?

      private

      def parse(argument, before)
        name, parents = argument.split(":", 2)
        name = @name.call(name)
        known = before.map(&:name)
        raise Thor::Error, "the step '#{name}' stands there twice" if known.include?(name)

        parents = parents ? parents.split(",").map(&@name) : known.last(1)
        unknown = parents - known
        raise Thor::Error, "'#{name}' waits for '#{unknown.first}', which does not stand before it" if unknown.any?

        Step.new(name:, parents:)
      end
    end
  end
end
