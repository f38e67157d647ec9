# frozen_string_literal: true

require "tasker"

module Tasker
  # Workflows under test: by the real SQL, with the real handlers, in a transaction of the test's own.
  #
  # There is no worker and no waiting, and after the rollback nothing is left. The clock is the test's, failures are injected, and
  # one call asks whether the workflow is right wherever its process dies:
  #
  #   shop = Tasker::Testing::Test.new(connection)   # a PG::Connection, or ActiveRecord's, in a transaction
  #   shop.register("config/tasker/tasks/order.yaml")
  #   shop.fault("charge").on_attempt(1).retryable("503")
  #   report = shop.run("order", namespace: "shop", context: {price: 21, count: 2})
  #   report.status # => "complete"
  #   shop.crash_everywhere("order", namespace: "shop", context: {price: 1, count: 1}).right? # => true
  #
  # With RSpec or Minitest, {SpecHelpers} holds one of these in the transaction that each example has anyway.
  module Testing
    autoload :Assertions, "tasker/testing/assertions"
    autoload :CompositeTestHandler, "tasker/testing/composite_test_handler"
    autoload :ConfigurableFailureHandler, "tasker/testing/configurable_failure_handler"
    autoload :CrashReport, "tasker/testing/crash_report"
    autoload :Database, "tasker/testing/database"
    autoload :Example, "tasker/testing/example"
    autoload :ExampleClient, "tasker/testing/example_client"
    autoload :Execution, "tasker/testing/execution"
    autoload :Failures, "tasker/testing/failures"
    autoload :Fault, "tasker/testing/fault"
    autoload :IdempotencyTestHandler, "tasker/testing/idempotency_test_handler"
    autoload :LiveRun, "tasker/testing/live_run"
    autoload :Matchers, "tasker/testing/matchers"
    autoload :NetworkTimeoutHandler, "tasker/testing/network_timeout_handler"
    autoload :Operating, "tasker/testing/operating"
    autoload :Pattern, "tasker/testing/pattern"
    autoload :RandomFailureHandler, "tasker/testing/random_failure_handler"
    autoload :Stage, "tasker/testing/stage"
    autoload :StepExpectation, "tasker/testing/step_expectation"
    autoload :StepReport, "tasker/testing/step_report"
    autoload :Test, "tasker/testing/test"
    autoload :TestCoordinator, "tasker/testing/test_coordinator"
    autoload :TestReenqueuer, "tasker/testing/test_reenqueuer"
    autoload :TestReport, "tasker/testing/test_report"
    autoload :TestWorkflowCoordinator, "tasker/testing/test_workflow_coordinator"
    autoload :Timing, "tasker/testing/execution"
    autoload :Travel, "tasker/testing/travel"
    autoload :Variant, "tasker/testing/stage"
    autoload :WorkflowExpectation, "tasker/testing/workflow_expectation"

    # A live worker was wanted where nothing is committed.
    class OpenTransactionError < ProceduralError; end

    class << self
      # @return [Example, nil] what the example that runs on this thread has; nil outside of one, and before it uses Tasker
      def current = ActiveSupport::IsolatedExecutionState[:tasker_testing_example]

      # @api private
      def current=(example)
        ActiveSupport::IsolatedExecutionState[:tasker_testing_example] = example
      end

      # Runs a block as if no example ran.
      # @api private
      def outside
        example, self.current = current, nil
        yield
      ensure
        self.current = example
      end

      # @return [Test] of the example that runs on this thread
      # @raise [ProceduralError] none does
      def test
        return current.test if current

        raise ProceduralError, "no example is running: include Tasker::SpecHelpers, or activate the TestCoordinator"
      end

      # @api private
      # @param task [String, #task_id] a task, by its id, its record, its report or what creating it answered
      # @return [String] its id
      def task_id(task) = task.respond_to?(:task_id) ? task.task_id : task.to_s
    end
  end
end
