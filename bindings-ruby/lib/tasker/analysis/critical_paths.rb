# frozen_string_literal: true

module Tasker
  module Analysis
    # The ways from a root to a leaf that matter most. How critical a way is adds up over its steps, so that the best ways to a step
    # are those to the steps before it, each one step longer: every edge is looked at once.
    class CriticalPaths
      # How many are told.
      SHOWN = 5

      # A way to a step: how critical it is so far, the step, and the way to the step before.
      Way = Struct.new(:weight, :step, :before) do
        # @return [Array<Integer>]
        def steps
          steps = []
          way = self
          while way
            steps << way.step
            way = way.before
          end
          steps.reverse
        end
      end

      # @param snapshot [Snapshot]
      def initialize(snapshot)
        @snapshot = snapshot
        @graph = snapshot.graph
      end

      # @return [Hash] `total_paths`, `longest_path_length` (in steps), `paths` (the most critical ones), `root_nodes`, `leaf_nodes`
      def to_h
        {
          total_paths: @graph.path_count,
          longest_path_length: @graph.levels.values.max.to_i + (@graph.order.any? ? 1 : 0),
          paths: most_critical.map { |way| describe(way) },
          root_nodes: @graph.roots,
          leaf_nodes: @graph.leaves
        }
      end

      private

      def most_critical
        best = {}
        @graph.order.each do |step|
          weight = weight_of(@snapshot.statuses[step])
          before = first_of(@graph.parents[step].flat_map { |parent| best[parent] })
          best[step] = before.empty? ? [Way.new(weight, step)] : before.map { |way| Way.new(way.weight + weight, step, way) }
        end
        first_of(@graph.leaves.flat_map { |leaf| best[leaf] })
      end

      def first_of(ways) = ways.max_by(SHOWN) { |way| [way.weight, -way.step] }

      def weight_of(status)
        error = status.current_state == "error"
        weight = @snapshot.impact(:path_length_weight)
        weight -= @snapshot.impact(:completed_penalty) if done?(status)
        weight += @snapshot.impact(:blocked_penalty) * health unless status.dependencies_satisfied
        weight += @snapshot.impact(:error_penalty) * health if error
        weight += @snapshot.impact(:retry_penalty) if error && status.attempts.positive?
        weight + 2 * seconds_of(status) / 60.0
      end

      def seconds_of(status)
        @snapshot.estimate(:base_step_seconds) + status.attempts * @snapshot.estimate(:retry_penalty_seconds) +
          (status.current_state == "error" ? @snapshot.estimate(:error_penalty_seconds) : 0)
      end

      def health = @snapshot.context.is_healthy? ? 1.0 : 1.5

      def done?(status) = Stateful::DONE.include?(status.current_state)

      # What is left of a task that is nearly done is less critical.
      def score(way) = [way.weight * (1 - @snapshot.context.completion_percentage.to_f / 100 * 0.3), 0].max

      def describe(way)
        statuses = way.steps.map { |step| @snapshot.statuses[step] }
        completed = statuses.count { |status| done?(status) }
        {
          path: way.steps,
          length: statuses.size,
          step_names: statuses.map(&:name),
          completed_steps: completed,
          blocked_steps: statuses.count { |status| !status.dependencies_satisfied },
          error_steps: statuses.count { |status| status.current_state == "error" },
          retry_steps: statuses.count { |status| status.current_state == "error" && status.attempts.positive? },
          ready_steps: statuses.count(&:ready_for_execution),
          estimated_duration: statuses.sum { |status| seconds_of(status) },
          bottlenecks: bottlenecks(statuses),
          criticality_score: score(way),
          completion_percentage: (completed * 100.0 / statuses.size).round(1)
        }
      end

      def bottlenecks(statuses)
        found = statuses.each_with_index.filter_map do |status, place|
          next if status.dependencies_satisfied && status.current_state != "error"

          {
            step_id: status.workflow_step_id,
            step_name: status.name,
            reason: reason(status),
            severity: severity(status),
            impact: "Holds up #{statuses.size - place - 1} steps after it on this path"
          }
        end
        found.sort_by { |bottleneck| -bottleneck[:severity] }
      end

      def severity(status)
        (status.current_state == "error" ? 10 : 0) + status.attempts * 5 +
          (status.failed_for_good? ? 20 : 0) + (status.dependencies_satisfied ? 0 : 5)
      end

      def reason(status)
        case status.blocking_reason
        when "dependencies_not_satisfied" then "A step before it is not done"
        when "retry_not_eligible" then status.waiting_for_backoff? ? "Waits for its next attempt" : "Failed for good"
        when "invalid_state" then "Is #{status.current_state}"
        when nil then "Ready to run"
        else "Paused"
        end
      end
    end
  end
end
