# frozen_string_literal: true

module Tasker
  module Functions
    # Tasks and steps by state, and connections. It reads both tables in whole: for dashboards.
    class FunctionBasedSystemHealthCounts < FunctionWrapper
      # The counts.
      class HealthMetrics < FunctionWrapper
        %i[
          total_tasks pending_tasks in_progress_tasks complete_tasks error_tasks cancelled_tasks
          total_steps pending_steps in_progress_steps complete_steps error_steps
          retryable_error_steps exhausted_retry_steps in_backoff_steps
          active_connections max_connections
        ].each { |name| attribute name, :integer }

        # @api private
        def self.load = call_function("get_system_health_counts_v01()").first
      end

      # @return [HealthMetrics]
      def self.call = HealthMetrics.load
    end
  end
end
