# frozen_string_literal: true

module Tasker
  module Testing
    # Runs a task pass by pass, as a test that looks in between wants it: each pass runs what is ready, and the wait before the next
    # one takes no time.
    class TestWorkflowCoordinator
      # @return [Integer] the most passes that {#execute_workflow_with_retries} makes
      attr_reader :max_retry_attempts
      # @return [Array<Hash>] one for each pass: `timestamp` (on the test's clock), `task_id`, `status`
      attr_reader :execution_log

      # @param reenqueuer_strategy [Object, nil] gets a task that is to be run again later, as in production
      # @param max_retry_attempts [Integer]
      def initialize(reenqueuer_strategy: nil, max_retry_attempts: 5)
        @reenqueuer_strategy = reenqueuer_strategy
        @max_retry_attempts = max_retry_attempts
        @execution_log = []
      end

      # Runs what is ready of a task now.
      #
      # @param task [String, #task_id]
      # @param _task_handler [Object] for the ancestor's sake: handlers are looked up by name
      # @return [TestReport]
      # @raise [EngineError] as for {Test#run_until_idle}
      def execute_workflow(task, _task_handler = nil)
        report = run_pass(task)
        @reenqueuer_strategy&.reenqueue_task(task, reason: "retry_backoff") if report.next_due_at
        report
      end

      # Runs a task, pass by pass, until it has ended or the passes are used up.
      #
      # @return [Boolean] whether it is complete or was declared so
      # @raise [EngineError] as for {Test#run_until_idle}
      def execute_workflow_with_retries(task, _task_handler = nil)
        report = run_pass(task)
        (max_retry_attempts - 1).times do
          break unless report.next_due_at

          Testing.test.advance([report.next_due_at - report.now, 0].max)
          report = run_pass(task)
        end
        %w[complete resolved_manually].include?(report.status)
      end

      # @return [Hash] `total_executions`, `recent_executions`
      def execution_stats = {total_executions: execution_log.size, recent_executions: execution_log.last(10)}

      private

      def run_pass(task)
        report = TestCoordinator.with_failures(task) { |test| test.run_until_idle(task) }
        execution_log << {timestamp: report.now, task_id: report.task_id, status: report.status}
        report
      end
    end
  end
end
