# frozen_string_literal: true

module Tasker
  module Testing
    # A step of a task under test: what `client.step` tells of it (`name`, `status`, `results`, `attempts`, `next_retry_at`, …),
    # and what went on in it.
    class StepReport < Record
      # @return [Array<Execution>] its attempts, in order
      attr_reader :executions

      # @api private
      def initialize(told = {}, executions = [])
        super(told)
        @executions = executions
      end

      # @return [Boolean]
      def complete? = status == "complete"

      # @return [Boolean] whether it has failed, for good or until the next attempt
      def failed? = status == "error"

      # @return [String, nil] the message of the failure that it is in
      def error = failure&.[](:error)

      # @return [String, nil]
      def error_code = failure&.[](:error_code)

      # @return [String, nil] the class of the error, in the handler's language
      def error_class = failure&.[](:error_class)

      # @return [Integer] how often its handler was executed
      def execution_count = executions.count(&:handler_ran?)

      # @return [String] for people
      def summary
        tried = "#{attempts} #{(attempts == 1) ? "attempt" : "attempts"}" if attempts.positive?
        [status, tried, *failure_summary].compact.join(", ")
      end

      private

      # A failure that is over stands in the trail, and no longer here.
      def failure = (results if failed? && results.is_a?(Hash))

      def failure_summary
        return unless failure

        ["#{[error_code, error_class].compact.join(" ")}: #{error}"]
      end
    end
  end
end
