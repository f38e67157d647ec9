# frozen_string_literal: true

module Tasker
  class WorkflowStep
    # Whether a step may run, and what it waits for. Pauses and the clock count; whether a worker is there does not: ask {#why}.
    module Readiness
      extend ActiveSupport::Concern

      class_methods do
        # Asks for the readiness of many steps in one query, so that each of them knows it.
        #
        # @param steps [Enumerable<WorkflowStep>]
        # @return [Enumerable<WorkflowStep>] the same
        def load_readiness(steps)
          statuses = StepReadinessStatus.for_tasks(steps.map(&:task_id).uniq).index_by { |status| status.step_key }
          steps.each { |step| step.step_readiness_status = statuses[step.id] }
        end
      end

      # @api private
      attr_writer :step_readiness_status

      # @return [StepReadinessStatus] its readiness as of when this was first asked; {#reload} forgets it
      def step_readiness_status = @step_readiness_status ||= StepReadinessStatus.for_task(task_id, [step_no]).first

      # @return [Time, nil] when it is tried again; nil where that will not happen
      def next_retry_at = (ready_at || held_at if in_error?)

      # @return [Boolean] whether it would be claimed now
      def ready? = step_readiness_status.ready_for_execution

      # @return [Boolean] whether its state lets it be claimed at all
      def ready_status? = pending? || in_error?

      # @return [Boolean] whether all that it waits for is done
      def dependencies_satisfied? = open_parents <= 0

      # @return [Boolean] whether it will be tried (again)
      def retry_eligible? = step_readiness_status.retry_eligible

      # @return [Boolean]
      def has_retry_attempts? = attempts.positive?

      # @return [Boolean] whether it has been tried as often as it may be
      def retry_exhausted? = attempts >= retry_limit && next_retry_at.nil?

      # @return [Boolean]
      def waiting_for_backoff? = next_retry_at.present? && next_retry_at.future?

      # @return [Boolean]
      def can_retry_now? = in_error? && ready?

      # @return [Boolean] whether it waits for nothing
      def root_step? = parent_count.zero?

      # @return [Boolean] whether nothing waits for it
      def leaf_step? = dependents.blank?

      # Forgets besides whether it was ready.
      def reload(*)
        @step_readiness_status = nil
        super
      end
    end
  end
end
