# frozen_string_literal: true

module Tasker
  module Analysis
    # What the graph of a task says about where it stands: what lies on its critical paths, what could run side by side, how far
    # failures reach, and what holds up most. The weights are those of the `dependency_graph` block of the configuration.
    #
    #   task.dependency_graph[:bottlenecks][:bottlenecks].first # => {step_name: "charge", severity: "High", …}
    #
    # Nothing is kept: each call looks at the task as it is, on ActiveRecord's connection and in its transaction, by three queries;
    # the engine does the rest.
    class RuntimeGraphAnalyzer
      # Whose keys are the numbers of steps.
      BY_STEP = %i[adjacency_list reverse_adjacency_list dependency_levels].freeze
      # Tables of weights.
      WEIGHTS = %i[impact_multipliers severity_multipliers penalty_constants severity_thresholds duration_estimates].freeze
      # What the engine has to know of a step, besides what waits for it.
      READINESS = %i[
        workflow_step_id name current_state dependencies_satisfied retry_eligible ready_for_execution next_retry_at attempts retry_limit
      ].freeze
      private_constant :BY_STEP, :WEIGHTS, :READINESS

      # @return [Task]
      attr_reader :task

      # @param task [Task]
      # @param settings [Object] the weights
      def initialize(task:, settings: Tasker.configuration.dependency_graph)
        @task = task
        @settings = settings
      end

      # @return [String]
      def task_id = task.task_id

      # @return [Hash] `dependency_graph`, `critical_paths`, `parallelism_opportunities`, `error_chains`, `bottlenecks`,
      #   `task_execution_summary`, `generated_at`, `task_id`
      def analyze
        now = Time.current
        analysis = Values.from_json(Native.analyze(Values.to_argument({task: snapshot(now), weights:}))).deep_symbolize_keys
        graph = by_number(analysis[:dependency_graph])
        {
          **analysis.except(:analysis_timestamp),
          dependency_graph: graph, error_chains: with_times(analysis[:error_chains]), generated_at: now
        }
      end

      # @return [Hash] `nodes`, `edges`, `adjacency_list`, `reverse_adjacency_list`, `dependency_levels`
      def build_dependency_graph = analyze[:dependency_graph]

      # There is nothing to clear.
      #
      # @return [void]
      def clear_cache! = nil

      private

      def snapshot(now)
        context = TaskExecutionContext.find(task_id)
        children = WorkflowStep.where(task_id:).order(:step_no).pluck(:step_no, :dependents).to_h
        {
          task_id:, taken_at: now, completion_percentage: context.completion_percentage.to_f, health_status: context.health_status,
          steps: StepReadinessStatus.for_task(task_id).map { |status|
            {**READINESS.to_h { |name| [name, status.public_send(name)] }, children_ids: children[status.workflow_step_id] || []}
          }
        }
      end

      def weights = WEIGHTS.to_h { |table| [table, @settings.public_send(table).transform_values(&:to_f)] }

      def by_number(graph)
        graph.to_h { |name, value| [name, BY_STEP.include?(name) ? value.transform_keys { |step| step.to_s.to_i } : value] }
      end

      def with_times(chains)
        {
          **chains,
          error_chains: chains[:error_chains].map { |chain| with_time(chain) },
          most_critical_error: chains[:most_critical_error]&.then { |chain| with_time(chain) }
        }
      end

      def with_time(chain)
        next_retry_at = chain[:retry_analysis][:next_retry_at]
        {**chain, retry_analysis: {**chain[:retry_analysis], next_retry_at: next_retry_at && Time.iso8601(next_retry_at)}}
      end
    end
  end
end
