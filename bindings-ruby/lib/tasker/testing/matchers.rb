# frozen_string_literal: true

require "rspec/expectations"
require "tasker/testing"

module Tasker
  module Testing
    # Matchers of RSpec for what {SpecHelpers#run_task_workflow} and {Test#run} give. Where a value is expected, a class, a regular
    # expression or another matcher will do.
    #
    #   expect(result).to complete_workflow
    #   expect(result).to have_completed_step("validate_cart").with_results_including(total_cents: be > 0)
    #   expect(result).to have_failed_step("process_payment").with_error_code("PAYMENT_DECLINED").after_attempts(1)
    #   expect(result).to have_executed_steps("validate_cart", "process_payment").in_order
    #   expect(crash_everywhere("process_order", context:)).to survive_crashes
    module Matchers
      # Passes where the task is complete.
      def complete_workflow = WorkflowMatcher.new("complete")

      # Passes where the task has failed for good; `.at_step("charge")` because of that step.
      def fail_workflow = WorkflowMatcher.new("error")

      # Passes where the task is in that state.
      #
      # @param status [String, Symbol]
      def have_workflow_status(status) = WorkflowMatcher.new(status.to_s)

      # Passes where the step is complete, with what is expected of it besides.
      #
      # @param name [String, Symbol]
      def have_completed_step(name) = StepMatcher.new(StepExpectation.new(name, status: "complete"))

      # Passes where the step has failed, with what is expected of it besides.
      #
      # @param name [String, Symbol]
      def have_failed_step(name) = StepMatcher.new(StepExpectation.new(name, status: "error"))

      # Passes where the step is in that state.
      #
      # @param name [String, Symbol]
      # @param status [String, Symbol]
      def have_step_status(name, status) = StepMatcher.new(StepExpectation.new(name, status: status.to_s))

      # Passes where the handlers of these steps were executed, and of no others; `.in_order` in that order.
      #
      # @param names [Array<String, Symbol>]
      def have_executed_steps(*names) = ExecutedStepsMatcher.new(names.flatten.map(&:to_s))

      # Passes where a workflow is right wherever its process dies.
      def survive_crashes = CrashMatcher.new

      # What is wrong is told in words: nil where nothing is.
      # @api private
      module Telling
        include ::RSpec::Matchers::Composable

        def matches?(actual)
          @actual = actual
          (@problem = problem).nil?
        end

        def failure_message = @problem

        def failure_message_when_negated = "expected no #{description}\n#{@actual.summary}"
      end

      # @api private
      class WorkflowMatcher
        include Telling

        def initialize(status)
          @expectation = WorkflowExpectation.new(status)
        end

        # @param step [String, Symbol] that has failed
        def at_step(step)
          @expectation = @expectation.at(step)
          self
        end

        def description = @expectation.description

        private

        def problem = @expectation.problem(@actual)
      end

      # @api private
      class StepMatcher
        include Telling

        def initialize(expectation)
          @expectation = expectation
        end

        # @param results [Object] what it returned, or its last failure: all of it
        def with_results(results) = with(results:)

        # @param members [Hash] some members of that
        def with_results_including(members) = with(results: Pattern::Including.new(members))

        # @param attempts [Integer] claimed, the handler executed or not
        def after_attempts(attempts) = with(attempts:)

        # @param count [Integer] how often the handler was executed
        def after_executions(count) = with(execution_count: count)

        # @param message [String, Regexp]
        def with_error(message) = with(error: message)

        # @param code [String, Regexp]
        def with_error_code(code) = with(error_code: code)

        # @param name [String, Class] of the error
        def with_error_class(name) = with(error_class: name.to_s)

        def description = @expectation.description

        private

        def with(**facets)
          @expectation = @expectation.with(**facets)
          self
        end

        def problem = @expectation.problem(@actual)
      end

      # @api private
      class ExecutedStepsMatcher
        include Telling

        def initialize(names)
          @names = names
          @in_order = false
        end

        def in_order
          @in_order = true
          self
        end

        def description = "executed steps #{@names.join(", ")}#{" in order" if @in_order}"

        private

        def problem
          executed = @actual.executed_steps
          return if @in_order ? executed == @names : executed.sort == @names.sort

          "expected #{description}, and these were: #{executed.join(", ")}\n#{@actual.summary}"
        end
      end

      # @api private
      class CrashMatcher
        include Telling

        def description = "workflow that is right wherever its process dies"

        def failure_message_when_negated = "expected no #{description}; it is #{@actual}"

        private

        def problem = (@actual.to_s unless @actual.right?)
      end
    end
  end
end
