# frozen_string_literal: true

module Tasker
  module Analysis
    # What the graph of a task says about where it stands: what lies on its critical paths, what could run side by side, how far
    # failures reach, and what holds up most. The weights are those of the `dependency_graph` block of the configuration.
    #
    #   task.dependency_graph[:bottlenecks][:bottlenecks].first # => {step_name: "charge", severity: "High", …}
    #
    # Nothing is kept: each call looks at the task as it is.
    class RuntimeGraphAnalyzer
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
      #   `generated_at`, `task_id`
      def analyze
        snapshot = take_snapshot
        {
          dependency_graph: describe(snapshot),
          critical_paths: CriticalPaths.new(snapshot).to_h,
          parallelism_opportunities: Parallelism.new(snapshot).to_h,
          error_chains: ErrorChains.new(snapshot).to_h,
          bottlenecks: Bottlenecks.new(snapshot).to_h,
          generated_at: Time.current,
          task_id:
        }
      end

      # @return [Hash] `nodes`, `edges`, `adjacency_list`, `reverse_adjacency_list`, `dependency_levels`
      def build_dependency_graph = describe(take_snapshot)

      # There is nothing to clear.
      #
      # @return [void]
      def clear_cache! = nil

      private

      def take_snapshot = Snapshot.new(task, @settings)

      def describe(snapshot)
        graph = snapshot.graph
        names = snapshot.statuses.transform_values(&:name)
        {
          nodes: graph.children.keys.map { |step| {id: step, name: names[step], level: graph.levels[step]} },
          edges: graph.children.flat_map { |from, children|
            children.map { |to| {from:, to:, from_name: names[from], to_name: names[to]} }
          },
          adjacency_list: graph.children,
          reverse_adjacency_list: graph.parents,
          dependency_levels: graph.levels
        }
      end
    end
  end
end
