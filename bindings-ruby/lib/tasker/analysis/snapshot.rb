# frozen_string_literal: true

module Tasker
  module Analysis
    # What is known of a task at one time: its graph, the readiness of its steps, how far it is, and by which numbers to judge. Three
    # queries, whatever its size.
    class Snapshot
      # @return [StepGraph]
      attr_reader :graph
      # @return [Hash{Integer => Functions::FunctionBasedStepReadinessStatus}] by step
      attr_reader :statuses
      # @return [Functions::FunctionBasedTaskExecutionContext]
      attr_reader :context

      # @param task [Task]
      # @param settings [#impact_multipliers, #severity_multipliers, #penalty_constants, #severity_thresholds, #duration_estimates]
      def initialize(task, settings)
        edges = WorkflowStep.where(task_id: task.task_id).order(:step_no).pluck(:step_no, :dependents)
        @graph = StepGraph.new(edges.to_h { |step, dependents| [step, dependents || []] })
        @statuses = StepReadinessStatus.for_task(task.task_id).index_by(&:workflow_step_id)
        @context = TaskExecutionContext.find(task.task_id)
        @settings = settings
      end

      # @return [Array<Integer>] the steps of which a parent is not done
      def blocked = @blocked ||= statuses.values.reject(&:dependencies_satisfied).map(&:workflow_step_id)

      # @return [Array<Functions::FunctionBasedStepReadinessStatus>] the steps that failed, for good or until their next attempt
      def failed = statuses.values.select { |status| status.current_state == "error" }

      # @return [Hash] how far the failure or slowness of a step reaches
      def reach_of(status)
        step = status.workflow_step_id
        {downstream: graph.downstream_count(step), blocked: graph.downstream_count(step, among: blocked)}
      end

      # @return [String] `Critical`, `High`, `Medium` or `Low`
      def severity(score)
        %i[critical high medium].find { |level| score >= threshold(level) }&.to_s&.capitalize || "Low"
      end

      def impact(name) = @settings.impact_multipliers.fetch(name)

      def multiplier(name) = @settings.severity_multipliers.fetch(name)

      def penalty(name) = @settings.penalty_constants.fetch(name)

      def estimate(name) = @settings.duration_estimates.fetch(name)

      private

      def threshold(level) = @settings.severity_thresholds.fetch(level)
    end
  end
end
