# frozen_string_literal: true

module Tasker
  module Testing
    # Runs tasks as production does, and at once: the words of the ancestor's coordinator over the {Test} of the example.
    #
    #   before { Tasker::Testing::TestCoordinator.activate! }
    #   after { Tasker::Testing::TestCoordinator.deactivate! }
    #
    #   TestCoordinator.configure_step_failure("process_data", failure_count: 2, failure_message: "not now")
    #   TestCoordinator.process_task_production_path(task) # => true
    #
    # Where the ancestor put steps back by SQL and set their times back, retries happen by the engine's own rules, and waits take no
    # time. What is wrong with the test itself (a step without a handler, an unknown task) is raised and not answered with `false`.
    class TestCoordinator
      @failure_patterns = {}
      @execution_log = []

      class << self
        # @return [Hash{String => Hash}] `failure_count` and `failure_message` by the name of the step
        attr_reader :failure_patterns
        # @return [Array<Hash>] what was done: `timestamp` (on the test's clock), `task_id`, `message`
        attr_reader :execution_log

        # Begins. Without {SpecHelpers} in the example it begins a transaction of its own, unless one is open.
        #
        # @return [void]
        def activate!
          @active = true
          @execution_log = []
          @failure_patterns = {}
          TestReenqueuer.activate!
          Testing.current = @example = Example.new(self) unless Testing.current
        end

        # Ends, and rolls back what it has begun.
        #
        # @return [void]
        def deactivate!
          @active = false
          TestReenqueuer.deactivate!
          @example&.finish
          @example = nil
        end

        # @return [Boolean]
        def active? = @active || false

        # Makes the first attempts of a step fail, in whatever task.
        #
        # @param step_name [String, Symbol]
        # @param failure_count [Integer]
        # @param failure_message [String]
        # @return [void]
        def configure_step_failure(step_name, failure_count: 2, failure_message: "Test failure")
          failure_patterns[step_name.to_s] = {failure_count:, failure_message:}
        end

        # @return [void]
        def clear_failure_patterns!
          failure_patterns.clear
          TestReenqueuer.clear_retry_queue!
        end

        # Runs a task to its end.
        #
        # @param task [String, #task_id]
        # @return [Boolean] whether it is complete; false while the coordinator is not active
        # @raise [EngineError] as for {Test#run_to_end}
        def process_task_production_path(task)
          return false unless active?

          report = with_failures(task) { |test| test.run_to_end(task) }
          log(report, "#{report.status} after #{report.executions.size} attempts")
          report.complete?
        end
        alias_method :process_task_synchronously, :process_task_production_path

        # Runs tasks to their end, one after another.
        #
        # @param tasks [Enumerable]
        # @return [Hash] `total_workflows`, `successful_workflows`, `failed_workflows`, and in real seconds `total_execution_time`,
        #   `average_execution_time`; empty while the coordinator is not active
        def process_tasks_production_path(tasks)
          return {} unless active?

          began_at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
          successful, failed = tasks.partition { |task| process_task_production_path(task) }.map(&:size)
          took = Process.clock_gettime(Process::CLOCK_MONOTONIC) - began_at
          {
            total_workflows: successful + failed,
            successful_workflows: successful,
            failed_workflows: failed,
            total_execution_time: took,
            average_execution_time: took / [successful + failed, 1].max
          }
        end

        # Runs a block with the configured failures of the steps that a task has.
        # @api private
        def with_failures(task)
          test = Testing.test
          test.with_faults do
            test.report(task).steps.each { |step| inject(test, step.name) }
            yield test
          end
        end

        private

        def inject(test, step)
          pattern = failure_patterns[step] or return
          1.upto(pattern[:failure_count]) do |attempt|
            test.fault(step).on_attempt(attempt).raises(pattern[:failure_message])
          end
        end

        def log(report, message)
          execution_log << {timestamp: report.now, task_id: report.task_id, message:}
        end
      end
    end
  end
end
