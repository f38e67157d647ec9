# frozen_string_literal: true

module Tasker
  module Analysis
    # How far the failures of a task reach, and what to do about them, the worst first.
    class ErrorChains
      # @param snapshot [Snapshot]
      def initialize(snapshot)
        @snapshot = snapshot
      end

      # @return [Hash] `total_error_steps`, `total_steps`, `error_percentage`, `total_blocked_by_errors`, `most_critical_error`,
      #   `error_chains`, `recovery_priority`, `task_health`
      def to_h
        failed = @snapshot.failed.size
        total = @snapshot.context.total_steps
        {
          total_error_steps: failed,
          total_steps: total,
          error_percentage: total.zero? ? 0.0 : (failed * 100.0 / total).round(1),
          total_blocked_by_errors: chains.sum { |chain| chain[:blocked_downstream_steps] },
          most_critical_error: chains.first,
          error_chains: chains,
          recovery_priority: chains.first(3).map { |chain| priority(chain) },
          task_health: @snapshot.context.health_status
        }
      end

      private

      def chains = @chains ||= @snapshot.failed.map { |status| chain(status) }.sort_by { |chain| -chain[:total_impact] }

      def chain(status)
        reach = @snapshot.reach_of(status)
        {
          error_step_id: status.workflow_step_id,
          error_step_name: status.name,
          error_attempts: status.attempts,
          retry_limit: status.retry_limit,
          retry_analysis: retry_analysis(status),
          downstream_steps: @snapshot.graph.downstream(status.workflow_step_id),
          blocked_downstream_steps: reach[:blocked],
          total_downstream_steps: reach[:downstream],
          total_impact: impact(status, reach),
          recovery_strategies: strategies(status)
        }
      end

      def retry_analysis(status)
        {
          exhausted: exhausted?(status),
          remaining_attempts: [status.retry_limit - status.attempts, 0].max,
          in_backoff: status.waiting_for_backoff?,
          next_retry_at: status.next_retry_at,
          retryable: status.retry_eligible
        }
      end

      def impact(status, reach)
        reach[:blocked] * @snapshot.impact(:blocked_weight) + reach[:downstream] * @snapshot.impact(:downstream_weight) +
          (exhausted?(status) ? @snapshot.penalty(:exhausted_retry) : 0) + status.attempts * @snapshot.penalty(:retry_instability)
      end

      def exhausted?(status) = status.failed_for_good? && status.attempts >= status.retry_limit

      def strategies(status)
        if exhausted?(status)
          [
            strategy("Manual Resolution", "High", "Nothing is left of its attempts: retry! or resolve! it once the cause is gone"),
            strategy("Increase Retry Limit", "Medium", "A higher retry_limit lets it go on by itself, if the cause passes")
          ]
        elsif status.waiting_for_backoff?
          [strategy("Wait for Backoff", "Low", "It is tried again by itself at #{status.next_retry_at.iso8601}")]
        elsif status.retry_eligible
          [strategy("Monitor Retries", "Medium", "It is tried again, #{status.retry_limit - status.attempts} times at the most")]
        else
          [strategy("Investigate Root Cause", "High", "Its failure says that trying again is of no use")]
        end
      end

      def strategy(strategy, priority, description) = {strategy:, priority:, description:}

      def priority(chain)
        {
          step_name: chain[:error_step_name],
          priority_level: @snapshot.severity(chain[:total_impact]),
          reason: "Blocks #{chain[:blocked_downstream_steps]} steps after it",
          recommended_action: chain[:recovery_strategies].first[:strategy]
        }
      end
    end
  end
end
