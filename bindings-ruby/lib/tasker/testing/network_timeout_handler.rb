# frozen_string_literal: true

module Tasker
  module Testing
    # A handler whose network is down in the first attempts of each step.
    class NetworkTimeoutHandler < StepHandler::Base
      # @param config [Hash, nil] the same options
      # @param timeout_count [Integer] how many attempts fail
      # @param timeout_message [String]
      def initialize(config: nil, timeout_count: nil, timeout_message: nil)
        super(config:)
        given = (config || {}).with_indifferent_access
        @timeout_count = timeout_count || given.fetch(:timeout_count, 2)
        @timeout_message = timeout_message || given.fetch(:timeout_message, "Network timeout")
      end

      # @return [Hash] `success`, `network_response`, `total_attempts`, `failed_attempts`
      # @raise [RetryableError] while the network is down
      def process(_task, _sequence, step)
        raise RetryableError.new(@timeout_message, error_code: "NETWORK_TIMEOUT") if step.attempts <= @timeout_count

        {
          success: true,
          network_response: {status: 200, data: {message: "Success after #{step.attempts} attempts"}},
          total_attempts: step.attempts,
          failed_attempts: @timeout_count
        }
      end
    end
  end
end
