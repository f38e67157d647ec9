# frozen_string_literal: true

module Tasker
  module Analysis
    # The steps that hold up most, the worst first. Where steps failed, it is those; else whatever waits or has been tried before.
    class Bottlenecks
      # How many are told.
      SHOWN = 10

      # @param snapshot [Snapshot]
      def initialize(snapshot)
        @snapshot = snapshot
      end

      # @return [Hash] `total_bottlenecks`, `critical_bottlenecks` (how many), `total_blocked_steps`, `bottlenecks`, `task_health`,
      #   `task_completion`, `failed_steps_ratio` (percent), `overall_impact`
      def to_h
        context = @snapshot.context
        {
          total_bottlenecks: bottlenecks.size,
          critical_bottlenecks: of_severity("Critical"),
          total_blocked_steps: bottlenecks.sum { |bottleneck| bottleneck[:blocked_downstream_count] },
          bottlenecks: bottlenecks.first(SHOWN),
          task_health: context.health_status,
          task_completion: context.completion_percentage,
          failed_steps_ratio: context.total_steps.zero? ? 0.0 : (context.failed_steps * 100.0 / context.total_steps).round(1),
          overall_impact:
        }
      end

      private

      def bottlenecks
        @bottlenecks ||= candidates.map { |status| describe(status) }.sort_by { |bottleneck| -bottleneck[:impact_score] }
      end

      def candidates
        failed = @snapshot.failed
        return failed if failed.any?

        @snapshot.statuses.values.select { |status| open?(status) && held_up?(status) }
      end

      # What is done or cancelled holds up nothing that could still be helped.
      def open?(status) = %w[pending in_progress].include?(status.current_state)

      def held_up?(status) = !status.dependencies_satisfied || status.attempts >= 2 || !status.retry_eligible

      def describe(status)
        reach = @snapshot.reach_of(status)
        score = score(status, reach)
        {
          step_id: status.workflow_step_id,
          step_name: status.name,
          current_state: status.current_state,
          attempts: status.attempts,
          retry_limit: status.retry_limit,
          dependencies_satisfied: status.dependencies_satisfied,
          downstream_steps_count: reach[:downstream],
          blocked_downstream_count: reach[:blocked],
          impact_score: score,
          severity: @snapshot.severity(score),
          bottleneck_type: type(status),
          resolution_strategy: resolution(status),
          estimated_resolution_time: time(status)
        }
      end

      def score(status, reach)
        base = reach[:downstream] * @snapshot.impact(:downstream_weight) + reach[:blocked] * @snapshot.impact(:blocked_weight)
        penalty = status.attempts * @snapshot.penalty(:retry_instability)
        penalty += @snapshot.penalty(:non_retryable) unless status.retry_eligible
        penalty += @snapshot.penalty(:exhausted_retry) if exhausted?(status)
        (base * multiplier(status) + penalty).round
      end

      def multiplier(status)
        if status.current_state == "error"
          @snapshot.multiplier(:error_state) + (exhausted?(status) ? @snapshot.multiplier(:exhausted_retry_bonus) : 0)
        elsif status.current_state == "pending" && !status.dependencies_satisfied
          @snapshot.multiplier(:dependency_issue)
        else
          1.0
        end
      end

      def exhausted?(status) = !status.retry_eligible && status.attempts >= status.retry_limit

      def type(status)
        return "Permanent Failure" if status.failed_for_good?
        return "Active Error" if status.current_state == "error"
        return "Dependency Block" unless status.dependencies_satisfied
        return "Retry Exhaustion" if status.attempts >= 2

        status.retry_eligible ? "Unknown" : "Non-Retryable"
      end

      def resolution(status)
        return "Find the cause, then retry! or resolve! the step" if status.failed_for_good?
        return "It is tried again by itself; look at its last failure" if status.current_state == "error"
        return "Look at the steps before it" unless status.dependencies_satisfied

        "Look at why its attempts failed before"
      end

      def time(status)
        return "Not without an operator" if status.failed_for_good?

        seconds = status.time_until_ready
        return "When the steps before it are done" if seconds.nil? && !status.dependencies_satisfied
        return "With the next attempt" if seconds.nil? || seconds.zero?

        minutes = (seconds / 60.0).ceil
        minutes == 1 ? "In a minute" : "In #{minutes} minutes"
      end

      def of_severity(severity) = bottlenecks.count { |bottleneck| bottleneck[:severity] == severity }

      def overall_impact
        return "None" if bottlenecks.empty?

        critical, high = of_severity("Critical"), of_severity("High")
        return "Severe" if critical >= 3 || @snapshot.context.failed_steps * 2 > @snapshot.context.total_steps
        return "High" if critical >= 1 || high >= 3

        high >= 1 || bottlenecks.size >= 5 ? "Medium" : "Low"
      end
    end
  end
end
