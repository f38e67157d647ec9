# frozen_string_literal: true

module Tasker
  module Analysis
    # What could run side by side: the steps of one level wait for nothing of each other.
    class Parallelism
      # @param snapshot [Snapshot]
      def initialize(snapshot)
        @snapshot = snapshot
      end

      # @return [Hash] `total_steps`, `total_levels`, `max_parallel_steps`, `current_parallel_opportunities`,
      #   `blocked_parallel_opportunities`, `overall_completion`, `levels`, `parallelism_efficiency` (percent of the levels)
      def to_h
        context = @snapshot.context
        {
          total_steps: context.total_steps,
          total_levels: levels.size,
          max_parallel_steps: levels.map { |level| level[:total_steps] }.max || 0,
          current_parallel_opportunities: context.ready_steps,
          blocked_parallel_opportunities: levels.sum { |level| level[:blocked_steps] },
          overall_completion: context.completion_percentage,
          levels:,
          parallelism_efficiency:
        }
      end

      private

      def levels
        @levels ||= @snapshot.graph.levels.group_by(&:last).sort.map do |level, steps|
          describe(level, steps.map { |step, _| @snapshot.statuses[step] })
        end
      end

      def describe(level, statuses)
        ready = statuses.count(&:ready_for_execution)
        blocked = statuses.count { |status| !status.dependencies_satisfied }
        {
          level:,
          total_steps: statuses.size,
          ready_steps: ready,
          blocked_steps: blocked,
          error_steps: statuses.count { |status| status.current_state == "error" },
          completed_steps: statuses.count { |status| Stateful::DONE.include?(status.current_state) },
          step_names: statuses.map(&:name),
          parallelism_potential: %w[Low Medium High].fetch(ready.clamp(0, 2)),
          bottleneck_risk: blocked > statuses.size / 2.0 ? "High" : "Low"
        }
      end

      def parallelism_efficiency
        return 0 if levels.empty?

        (levels.count { |level| level[:ready_steps] > 1 } * 100.0 / levels.size).round(1)
      end
    end
  end
end
