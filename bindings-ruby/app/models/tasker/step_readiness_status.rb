# frozen_string_literal: true

module Tasker
  # The readiness of steps, as {Functions::FunctionBasedStepReadinessStatus} asks for it.
  class StepReadinessStatus < Functions::FunctionBasedStepReadinessStatus
    class << self
      # @return [Class] where to ask for what has not ended: here, too
      def active = self

      # @param task [Task]
      # @return [Boolean]
      def all_steps_complete_for_task?(task) = task.all_steps_complete?
    end
  end
end
