# frozen_string_literal: true

module Tasker
  class WorkflowStep
    # What an operator can do to a step, as {Task::Operations}.
    module Operations
      # Cancels it. What waits for it does not run.
      #
      # @param by [String, nil] who does it
      # @param reason [String, nil] why
      # @return [self]
      def cancel!(by: nil, reason: nil) = through_engine { |client| client.cancel_step(task_id, step_no, by:, reason:) }

      # Tries it again now, although it failed: one more attempt, or its whole budget.
      #
      # @param reset_attempts [Boolean] whether the whole budget comes back
      # @return [self]
      def retry!(reset_attempts: false, by: nil, reason: nil)
        through_engine { |client| client.retry_step(task_id, step_no, reset_attempts:, by:, reason:) }
      end

      # Declares it done. What waits for it goes on.
      #
      # @param results [Object] what it counts as having returned
      # @return [self]
      def resolve!(results = {}, by: nil, reason: nil)
        through_engine { |client| client.resolve_step(task_id, step_no, results, by:, reason:) }
      end
    end
  end
end
