# frozen_string_literal: true

module Tasker
  module Functions
    # Whether a step may run, and what keeps it. By the rule of the claim: pauses and the clock count, budget and policy are those of
    # the step. Whether a worker is there that has its handler does not: ask {Why}.
    class FunctionBasedStepReadinessStatus < FunctionWrapper
      # States from which a step can be claimed.
      CLAIMABLE = %w[pending error].freeze

      attribute :workflow_step_id, :integer
      attribute :task_id, :string
      attribute :named_step_id, :integer
      attribute :name, :string
      attribute :current_state, :string
      attribute :dependencies_satisfied, :boolean
      attribute :retry_eligible, :boolean
      attribute :ready_for_execution, :boolean
      attribute :last_failure_at, :datetime
      attribute :next_retry_at, :datetime
      attribute :total_parents, :integer
      attribute :completed_parents, :integer
      attribute :attempts, :integer
      attribute :retry_limit, :integer
      attribute :backoff_request_seconds, :float
      attribute :last_attempted_at, :datetime

      class << self
        # @param task_id [String]
        # @param step_ids [Array<Integer>, nil] numbers of steps; all of them without
        # @return [Array<FunctionBasedStepReadinessStatus>] by number
        def for_task(task_id, step_ids = nil)
          call_function("get_step_readiness_status($1::uuid, $2::int[])", task_id, step_ids)
        end
        alias_method :for_steps, :for_task

        # @param task_ids [Array<String>]
        # @return [Array<FunctionBasedStepReadinessStatus>] by task and number
        def for_tasks(task_ids)
          task_ids.empty? ? [] : call_function("get_step_readiness_status_batch($1::uuid[])", task_ids)
        end

        def ready_for_task(task_id) = for_task(task_id).select(&:ready_for_execution)

        def blocked_by_dependencies_for_task(task_id) = for_task(task_id).reject(&:dependencies_satisfied)

        def blocked_by_retry_for_task(task_id) = for_task(task_id).reject(&:retry_eligible)

        def pending_for_task(task_id) = in_state(task_id, "pending")

        def failed_for_task(task_id) = in_state(task_id, "error")

        def in_progress_for_task(task_id) = in_state(task_id, "in_progress")

        def complete_for_task(task_id) = in_state(task_id, *Stateful::DONE)

        private

        def in_state(task_id, *states) = for_task(task_id).select { |status| states.include?(status.current_state) }
      end

      # @return [Boolean]
      def can_execute_now? = ready_for_execution

      # @return [String, nil] what keeps it: `invalid_state` (it runs, or has ended), `dependencies_not_satisfied`,
      #   `retry_not_eligible` (not now, or not at all: see {#retry_status}), `unknown` (a pause); nil where nothing does
      def blocking_reason
        return if ready_for_execution
        return "invalid_state" unless CLAIMABLE.include?(current_state)
        return "dependencies_not_satisfied" unless dependencies_satisfied

        !retry_eligible || waiting_for_backoff? ? "retry_not_eligible" : "unknown"
      end

      # @return [Integer, nil] seconds until it may be claimed, as far as a clock can tell
      def time_until_ready
        return 0 if ready_for_execution

        [(next_retry_at - Time.current).ceil, 0].max if next_retry_at
      end

      # @return [String] `no_dependencies`, `all_satisfied`, or how many are (`1/2_satisfied`)
      def dependency_status
        return "no_dependencies" if total_parents.zero?

        dependencies_satisfied ? "all_satisfied" : "#{completed_parents}/#{total_parents}_satisfied"
      end

      # @return [String] `max_retries_reached` (nothing is left, or the failure was permanent), `waiting_for_backoff`, else
      #   `retry_eligible`
      def retry_status
        return "waiting_for_backoff" if waiting_for_backoff?
        return "retry_eligible" if retry_eligible

        attempts >= retry_limit || current_state == "error" ? "max_retries_reached" : "retry_eligible"
      end

      # @return [Boolean] whether it failed and its next attempt is due later
      def waiting_for_backoff? = !ready_for_execution && next_retry_at.present? && next_retry_at.future?

      # @return [Boolean] whether it failed and will not be tried again by itself
      def failed_for_good? = current_state == "error" && !retry_eligible

      # @return [String] who decided about the wait after its last failure: `explicit_backoff` (the handler), `exponential_backoff`
      #   (the policy of the step); `no_backoff` where it has not failed
      def backoff_type
        return "explicit_backoff" if backoff_request_seconds && last_attempted_at

        last_failure_at ? "exponential_backoff" : "no_backoff"
      end

      # @return [Float] seconds from its last failure to its next attempt, as they really are
      def effective_backoff_seconds
        return (next_retry_at - last_failure_at).to_f if next_retry_at && last_failure_at

        backoff_request_seconds || 0.0
      end

      # @return [Hash]
      def detailed_status
        {
          ready: ready_for_execution,
          current_state:,
          dependencies: dependency_status,
          retry: retry_status,
          blocking_reason:,
          time_until_ready:,
          backoff_type:,
          effective_backoff_seconds:
        }
      end

      # @return [Hash]
      def to_h = super.merge(detailed_status:)

      # @return [Array(String, Integer)] the key of the step
      def step_key = [task_id, workflow_step_id]

      # @return [WorkflowStep]
      def workflow_step = @workflow_step ||= WorkflowStep.find(step_key)

      # @return [Task]
      def task = @task ||= Task.find(task_id)
    end
  end
end
