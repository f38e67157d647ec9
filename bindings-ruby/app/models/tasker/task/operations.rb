# frozen_string_literal: true

module Tasker
  class Task
    # What an operator can do to a task. Each verb stands in the trail with who did it and why, and leaves the record as the engine
    # left the task. What the state of the task does not allow raises {IllegalTransitionError}.
    #
    # Inside of a transaction of ActiveRecord's a verb takes effect with its commit; else it does at once.
    module Operations
      # Cancels it and all of its steps that have not ended.
      #
      # @param by [String, nil] who does it
      # @param reason [String, nil] why
      # @return [self]
      def cancel!(by: nil, reason: nil) = through_engine { |client| client.cancel_task(task_id, by:, reason:) }

      # Retries every step that failed for good.
      #
      # @return [self]
      def retry!(by: nil, reason: nil) = through_engine { |client| client.retry_task(task_id, by:, reason:) }

      # Declares it done, although something failed.
      #
      # @return [self]
      def resolve!(by: nil, reason: nil) = through_engine { |client| client.resolve_task(task_id, by:, reason:) }

      # Lets nothing of it begin until {#resume!}; what runs goes on.
      #
      # @return [self]
      def pause!(by: nil, reason: nil) = through_engine { |client| client.pause(task_id, by:, reason:) }

      # @return [self]
      def resume!(by: nil, reason: nil) = through_engine { |client| client.resume(task_id, by:, reason:) }
    end
  end
end
