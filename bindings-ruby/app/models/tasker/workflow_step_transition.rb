# frozen_string_literal: true

module Tasker
  # A move of a step from one state to the next.
  class WorkflowStepTransition < ApplicationRecord
    include Transition

    self.table_name = "#{schema}.workflow_step_transition_log"
    self.primary_key = %i[task_id workflow_step_id sort_key]

    belongs_to :task
    belongs_to :workflow_step, inverse_of: :workflow_step_transitions, **by_columns(:task_id, :workflow_step_id)

    # @!method self.for_task(task_id)
    scope :for_task, ->(task_id) { where(task_id:) }

    # @!method self.for_attempt(attempt)
    scope :for_attempt, ->(attempt) { where(attempt:) }

    # @!method self.retry_transitions
    #   Moves from `error` back to `pending`.
    scope :retry_transitions, -> { where(from_state: "error", to_state: "pending") }

    class << self
      # @return [Hash] besides what {Transition} gives `retry_attempts` and `average_execution_time` (seconds)
      def statistics
        super.merge(retry_attempts: retry_transitions.count, average_execution_time: average_execution_time)
      end

      private

      def average_execution_time
        before = "lag(created_at) over (partition by task_id, workflow_step_id order by sort_key)"
        moves = unscope(:order).select(:from_state, "created_at - #{before} as took")
        unscoped.from(moves, :moves).where("moves.from_state = 'in_progress'").pick(Arel.sql("avg(extract(epoch from took))"))&.to_f
      end
    end

    # @return [String]
    def step_name = workflow_step.name

    # @return [Boolean] whether the step is tried again
    def retry_transition? = from_state == "error" && to_state == "pending"

    # @return [Integer] the attempt that it belongs to, from 1
    def attempt_number = [attempt.to_i, 1].max

    # @return [Float, nil] seconds that the attempt took which it ends
    def execution_duration = (duration_since_previous if from_state == "in_progress")

    # @return [Hash, nil] of the last failure of a step that is tried again: `backoff_until`, `backoff_seconds`, `retry_available`
    def backoff_info
      at = workflow_step.next_retry_at if error_transition? && most_recent
      {backoff_until: at, backoff_seconds: at - created_at, retry_available: true} if at
    end

    # @return [String] the move, for people
    def description
      case to_state
      when "pending" then from_state ? pending_description : "The step was created"
      when "in_progress" then "Attempt #{attempt_number} was claimed"
      when "complete" then "Attempt #{attempt_number} completed the step"
      when "error" then "Attempt #{attempt_number} failed: #{get_metadata("error", "no message was kept")}"
      when "cancelled" then "The step was cancelled#{by_whom}"
      when "resolved_manually" then "The step was declared done#{by_whom}"
      end
    end

    # @return [Hash] besides what {Transition} gives the name of the step and the id of the task
    def formatted_metadata = super.merge("step_name" => step_name, "task_id" => task_id)

    private

    def pending_description = retry_transition? ? "The step is tried again#{by_whom}" : "Its claim was handed back unused"

    def by_whom = (" by #{get_metadata("by")}" if has_metadata?("by"))

    def trail = self.class.where(task_id:, workflow_step_id:)
  end
end
