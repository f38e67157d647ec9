# frozen_string_literal: true

module Tasker
  module Testing
    # What a test expects of a step: patterns for what a {StepReport} answers to.
    # @api private
    class StepExpectation
      # @return [String] the name of the step
      attr_reader :name

      # @param name [String, Symbol]
      # @param facets [Hash] a {Pattern} each for `status`, `results`, `attempts`, `execution_count`, `error`, `error_code`,
      #   `error_class`
      def initialize(name, **facets)
        @name = name.to_s
        @facets = facets
      end

      # @return [StepExpectation] which expects more
      def with(**facets) = self.class.new(name, **@facets, **facets)

      # @param report [TestReport]
      # @return [String, nil] what is not as expected, in words
      def problem(report)
        step = report.step(name)
        wrong = @facets.reject { |facet, expected| Pattern.matches?(expected, step.public_send(facet)) }
        return if wrong.empty?

        differences = wrong.map do |facet, expected|
          "#{facet} #{step.public_send(facet).inspect} and not #{Pattern.described(expected)}"
        end
        "the step '#{name}' is not as expected: #{differences.join(", ")}\n#{report.summary}"
      rescue KeyError => e
        e.message
      end

      # @return [String] for people
      def description
        facets = @facets.map { |facet, expected| "#{facet} #{Pattern.described(expected)}" }
        "step '#{name}' with #{facets.join(", ")}"
      end
    end
  end
end
