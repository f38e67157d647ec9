# frozen_string_literal: true

module Tasker
  # A move of a task from one state to the next.
  class TaskTransition < ApplicationRecord
    include Transition

    self.table_name = "#{schema}.task_transition_log"
    self.primary_key = %i[task_id sort_key]

    belongs_to :task, inverse_of: :task_transitions

    # @return [String] the move, for people
    def description
      case to_state
      when "pending" then from_state ? "The task is to go on" : "The task was created"
      when "in_progress" then "The first of its steps that could run was claimed"
      when "complete" then "Every step is done"
      when "error" then "Nothing can run any more: a step failed for good, or was cancelled"
      when "cancelled" then "The task was cancelled#{by_whom}"
      when "resolved_manually" then "The task was declared done#{by_whom}"
      end
    end

    private

    def by_whom = (" by #{get_metadata("by")}" if has_metadata?("by"))

    def trail = self.class.where(task_id:)
  end
end
