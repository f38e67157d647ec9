# frozen_string_literal: true

module Tasker
  # The states of tasks and steps, by the names that the ancestor had for them.
  module Constants
    # States of a task.
    module TaskStatuses
      PENDING = "pending"
      IN_PROGRESS = "in_progress"
      COMPLETE = "complete"
      ERROR = "error"
      CANCELLED = "cancelled"
      RESOLVED_MANUALLY = "resolved_manually"
    end

    # States of a step.
    WorkflowStepStatuses = TaskStatuses

    VALID_TASK_STATUSES = TaskStatuses.constants.map { |name| TaskStatuses.const_get(name) }.freeze
    VALID_WORKFLOW_STEP_STATUSES = WorkflowStepStatuses.constants.map { |name| WorkflowStepStatuses.const_get(name) }.freeze
    # States in which a step lets what depends on it run.
    VALID_STEP_COMPLETION_STATES = %w[complete resolved_manually].freeze
    # States in which something still happens to a step.
    VALID_STEP_STILL_WORKING_STATES = %w[pending in_progress].freeze
    # States in which a step is not to be claimed.
    UNREADY_WORKFLOW_STEP_STATUSES = %w[in_progress complete cancelled resolved_manually].freeze
  end
end
