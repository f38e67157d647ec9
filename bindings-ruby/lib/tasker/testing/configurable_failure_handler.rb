# frozen_string_literal: true

module Tasker
  module Testing
    # A handler whose first attempts of each step fail. In YAML, `handler_config` has the options; in code, the constructor.
    #
    # Attempts are counted by the engine, so that it needs no memory of its own.
    class ConfigurableFailureHandler < StepHandler::Base
      # @param config [Hash, nil] the same options
      # @param step_name [String, nil] told in the results; the step's own when left out
      # @param failure_count [Integer] how many attempts fail
      # @param failure_message [String]
      def initialize(config: nil, step_name: nil, failure_count: nil, failure_message: nil)
        super(config:)
        given = (config || {}).with_indifferent_access
        @step_name = step_name || given[:step_name]
        @failure_count = failure_count || given.fetch(:failure_count, 2)
        @failure_message = failure_message || given.fetch(:failure_message, "Configurable test failure")
      end

      # @return [Hash] `success`, `step_name`, `total_attempts`, `failed_attempts`
      # @raise [RuntimeError] while the attempt is one of those that fail
      def process(_task, _sequence, step)
        raise @failure_message if step.attempts <= @failure_count

        {
          success: true,
          step_name: @step_name || step.name,
          total_attempts: step.attempts,
          failed_attempts: @failure_count
        }
      end
    end
  end
end
