# frozen_string_literal: true

module Tasker
  module Testing
    # A strategy for re-enqueueing that keeps tasks in memory: `handler.reenqueuer_strategy = Tasker::Testing::TestReenqueuer`. Its
    # queue is worked off by the test, and delays take no time.
    class TestReenqueuer
      @retry_queue = []

      class << self
        # @return [Array<Hash>] `task`, `reason` and, for delayed ones, `delay_seconds`
        attr_reader :retry_queue

        # @return [void]
        def activate!
          @active = true
          clear_retry_queue!
        end

        # @return [void]
        def deactivate!
          @active = false
          clear_retry_queue!
        end

        # @return [Boolean]
        def active? = @active || false

        # @return [Boolean]
        def has_queued_tasks? = retry_queue.any?

        # @return [Integer]
        def retry_queue_size = retry_queue.size

        # @return [Array<Hash>] a copy of the queue
        def pending_retries = retry_queue.dup

        # @return [void]
        def clear_retry_queue!
          @retry_queue = []
        end

        # Runs what is in the queue.
        #
        # @return [Array<Boolean>] whether each of them is complete
        def process_queue!
          queued, @retry_queue = @retry_queue, []
          queued.map { |one| TestCoordinator.process_task_production_path(one[:task]) }
        end
      end

      # @param task [String, #task_id]
      # @param reason [String]
      # @return [Boolean] whether it was taken: only while this is active
      def reenqueue_task(task, reason: "test_retry") = enqueue(task:, reason:)

      # @param delay_seconds [Numeric] kept, and not waited for
      # @return [Boolean] whether it was taken
      def reenqueue_task_delayed(task, delay_seconds:, reason: "test_delayed_retry")
        enqueue(task:, reason:, delay_seconds:)
      end

      private

      def enqueue(**entry)
        return false unless self.class.active?

        self.class.retry_queue << entry
        true
      end
    end
  end
end
