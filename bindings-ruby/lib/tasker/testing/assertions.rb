# frozen_string_literal: true

require "minitest"
require "tasker/testing"

module Tasker
  module Testing
    # Assertions of Minitest for what {SpecHelpers#run_task_workflow} and {Test#run} give. Where a value is expected, a class or a
    # regular expression will do.
    #
    #   assert_workflow_complete result
    #   assert_step_complete result, "validate_cart", attempts: 2
    #   assert_step_failed result, "process_payment", error_code: "PAYMENT_DECLINED"
    module Assertions
      # Fails unless the task is complete.
      #
      # @param report [TestReport]
      # @param message [String, Proc, nil]
      def assert_workflow_complete(report, message = nil) = assert_workflow_status("complete", report, message)

      # Fails unless the task has failed for good.
      #
      # @param at [String, Symbol, nil] because of that step
      def assert_workflow_failed(report, message = nil, at: nil)
        assert_no_problem(WorkflowExpectation.new("error", at:).problem(report), message)
      end

      # Fails unless the task is in that state.
      #
      # @param status [String, Symbol]
      def assert_workflow_status(status, report, message = nil)
        assert_no_problem(WorkflowExpectation.new(status.to_s).problem(report), message)
      end

      # Fails unless the step is complete, with what is expected of it besides.
      #
      # @param name [String, Symbol]
      # @param expected [Hash] `results`, `attempts`, `execution_count`
      def assert_step_complete(report, name, message = nil, **expected)
        assert_step_status("complete", report, name, message, **expected)
      end

      # Fails unless the step has failed, with what is expected of it besides.
      #
      # @param expected [Hash] `error`, `error_code`, `error_class`, `results`, `attempts`, `execution_count`
      def assert_step_failed(report, name, message = nil, **expected)
        assert_step_status("error", report, name, message, **expected)
      end

      # Fails unless the step is in that state, with what is expected of it besides.
      #
      # @param status [String, Symbol]
      def assert_step_status(status, report, name, message = nil, **expected)
        assert_no_problem(StepExpectation.new(name, status: status.to_s, **expected).problem(report), message)
      end

      # Fails unless the handlers of these steps were executed, in this order, and no others.
      #
      # @param names [Array<String, Symbol>]
      def assert_executed_steps(names, report, message = nil)
        assert_equal(names.map(&:to_s), report.executed_steps, message(message) { report.summary })
      end

      # Fails unless a workflow is right wherever its process dies.
      #
      # @param report [CrashReport]
      def assert_survives_crashes(report, message = nil)
        assert_no_problem(report.right? ? nil : report.to_s, message)
      end

      private

      def assert_no_problem(problem, message) = assert(problem.nil?, message(message) { problem })
    end
  end
end
