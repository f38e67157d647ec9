# frozen_string_literal: true

module Tasker
  module Testing
    # What test frameworks raise where a test has failed: hardly ever a `StandardError`, so that code under test does not rescue it.
    # Raised in a handler, it is the test's affair and no failure of the step.
    # @api private
    module Failures
      NAMES = %w[
        Minitest::Assertion
        RSpec::Core::Pending::SkipDeclaredInExample
        RSpec::Expectations::ExpectationNotMetError
        RSpec::Expectations::MultipleExpectationsNotMetError
        RSpec::Mocks::MockExpectationError
        RSpec::Mocks::OutsideOfExampleError
        Test::Unit::AssertionFailedError
      ].freeze

      module_function

      # @return [Array<Class>] those whose framework is loaded
      def classes
        NAMES.filter_map { |name| Object.const_get(name) if Object.const_defined?(name) }
      end

      # @return [Boolean]
      def of_the_test?(error) = classes.any? { |failure| error.is_a?(failure) }

      # @return [String] without the colours and empty lines that reporters want
      def message(error)
        text = error.message.to_s.gsub(/\e\[[\d;]*m/, "").lines.map(&:strip).reject(&:empty?).join("; ")
        text.empty? ? error.class.name : text
      end
    end
  end
end
