# frozen_string_literal: true

module Tasker
  module Testing
    # What an operator does, in a {Test}. Each gives the report of the task, and takes who does it and why for the trail.
    #
    # What the state of the task or step does not allow raises {IllegalTransitionError}; the test goes on as if nothing had been
    # asked. A task is told by its id, its record, its report, or what creating it answered.
    module Operating
      # Gives a task up, with its open steps.
      #
      # @return [TestReport]
      def cancel_task(task, **operator) = operate(task, {verb: "cancel_task"}, **operator)

      # Tries again what failed for good in a task.
      #
      # @return [TestReport]
      def retry_task(task, **operator) = operate(task, {verb: "retry_task"}, **operator)

      # Declares a task done.
      #
      # @return [TestReport]
      def resolve_task(task, **operator) = operate(task, {verb: "resolve_task"}, **operator)

      # Lets nothing of a task be claimed.
      #
      # @return [TestReport]
      def pause_task(task, **operator) = operate(task, {verb: "pause_task"}, **operator)

      # Lets a task go on.
      #
      # @return [TestReport]
      def resume_task(task, **operator) = operate(task, {verb: "resume_task"}, **operator)

      # Gives a step up.
      #
      # @return [TestReport]
      def cancel_step(task, step, **operator) = operate(task, {verb: "cancel_step", step:}, **operator)

      # Tries a failed step again.
      #
      # @param reset_attempts [Boolean] whether it gets its whole budget back, and not one attempt
      # @return [TestReport]
      def retry_step(task, step, reset_attempts: false, **operator)
        operate(task, {verb: "retry_step", step:, reset_attempts:}, **operator)
      end

      # Declares a step done, with the results that its dependents will read.
      #
      # @return [TestReport]
      def resolve_step(task, step, results: {}, **operator)
        operate(task, {verb: "resolve_step", step:, results:}, **operator)
      end

      private

      def operate(task, operation, by: "the test", reason: nil)
        reported("operate", task_id: Testing.task_id(task), operation:, operator: {by:, reason:})
      end
    end
  end
end
