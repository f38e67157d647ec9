# frozen_string_literal: true

module Tasker
  module Testing
    # What a test expects of a workflow.
    # @api private
    class WorkflowExpectation
      # @param status [String] the state of the task
      # @param at [String, Symbol, nil] a step that has failed
      def initialize(status, at: nil)
        @status = status
        @at = at
      end

      # @return [WorkflowExpectation] which expects that this step has failed
      def at(step) = self.class.new(@status, at: step)

      # @param report [TestReport]
      # @return [String, nil] what is not as expected, in words
      def problem(report)
        return "the workflow is #{report.status} and not #{@status}\n#{report.summary}" unless report.status == @status

        StepExpectation.new(@at, status: "error").problem(report) if @at
      end

      # @return [String] for people
      def description = ["workflow that is #{@status}", *("at the step '#{@at}'" if @at)].join(" ")
    end
  end
end
