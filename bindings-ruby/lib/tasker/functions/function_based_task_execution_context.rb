# frozen_string_literal: true

module Tasker
  module Functions
    # How far a task is, and what it needs. Steps that failed for good or were cancelled block it, whatever their attempts.
    class FunctionBasedTaskExecutionContext < FunctionWrapper
      attribute :task_id, :string
      attribute :named_task_id, :integer
      attribute :status, :string
      attribute :total_steps, :integer
      attribute :pending_steps, :integer
      attribute :in_progress_steps, :integer
      attribute :completed_steps, :integer
      attribute :failed_steps, :integer
      attribute :ready_steps, :integer
      attribute :execution_status, :string
      attribute :recommended_action, :string
      attribute :completion_percentage, :decimal
      attribute :health_status, :string

      class << self
        # @param task_id [String]
        # @return [FunctionBasedTaskExecutionContext, nil] nil where there is no such task
        def find(task_id) = call_function("get_task_execution_context($1::uuid)", task_id).first

        # @param task_ids [Array<String>]
        # @return [Array<FunctionBasedTaskExecutionContext>] by task, in one query
        def for_tasks(task_ids)
          task_ids.empty? ? [] : call_function("get_task_execution_contexts_batch($1::uuid[])", task_ids)
        end
      end

      # @return [Boolean]
      def has_work_to_do? = %w[has_ready_steps processing].include?(execution_status)

      # @return [Boolean]
      def is_blocked? = execution_status == "blocked_by_failures"

      # @return [Boolean]
      def is_complete? = execution_status == "all_complete"

      # @return [Boolean]
      def is_healthy? = health_status == "healthy"

      # @return [Boolean] whether nothing goes on without an operator
      def needs_intervention? = health_status == "blocked"

      # @return [Boolean]
      def can_make_progress? = ready_steps.positive?

      # @return [Boolean] whether there will be something to do later
      def should_reenqueue? = %w[processing waiting_for_dependencies].include?(execution_status)

      # @return [Boolean] whether there is something to do now
      def needs_immediate_action? = execution_status == "has_ready_steps"

      # @return [Hash]
      def workflow_summary
        {
          total_steps:,
          completed: completed_steps,
          pending: pending_steps,
          in_progress: in_progress_steps,
          failed: failed_steps,
          ready: ready_steps,
          completion_percentage:,
          status: execution_status,
          health: health_status,
          recommended_action:,
          progress_details:
        }
      end

      # @return [Hash]
      def progress_details
        {
          completed_ratio: "#{completed_steps}/#{total_steps}",
          completion_percentage: "#{completion_percentage.to_f}%",
          remaining_steps: total_steps - completed_steps,
          failed_steps:,
          ready_steps:
        }
      end

      # @return [Hash] `action`, `description`, `urgency` and `can_proceed`
      def next_action_details
        description, urgency, can_proceed =
          case recommended_action
          when "execute_ready_steps" then ["#{counted(ready_steps)} ready for a worker", "high", true]
          when "wait_for_completion" then ["#{counted(in_progress_steps)} running", "low", false]
          when "handle_failures" then ["Failed or cancelled steps block the task (#{failed_steps} failed)", "critical", false]
          when "finalize_task" then ["Every step is done", "medium", true]
          else ["Waiting for the next attempt, or for an operator to end a pause", "low", false]
          end
        {action: recommended_action, description:, urgency:, can_proceed:}
      end

      # @return [Task]
      def task = @task ||= Task.find(task_id)

      private

      def counted(steps) = "#{steps} #{steps == 1 ? "step is" : "steps are"}"
    end
  end
end
