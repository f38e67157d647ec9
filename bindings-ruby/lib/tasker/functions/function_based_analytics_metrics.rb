# frozen_string_literal: true

module Tasker
  module Functions
    # Throughput, rates and durations of a time. Durations are in seconds, rates in percent.
    class FunctionBasedAnalyticsMetrics < FunctionWrapper
      # The numbers.
      class AnalyticsMetrics < FunctionWrapper
        attribute :active_tasks_count, :integer
        attribute :total_namespaces_count, :integer
        attribute :unique_task_types_count, :integer
        attribute :system_health_score, :float
        attribute :task_throughput, :integer
        attribute :completion_count, :integer
        attribute :error_count, :integer
        attribute :completion_rate, :float
        attribute :error_rate, :float
        attribute :avg_task_duration, :float
        attribute :avg_step_duration, :float
        attribute :step_throughput, :integer
        attribute :analysis_period_start, :datetime
        attribute :calculated_at, :datetime

        # @api private
        def self.load(since) = call_function("get_analytics_metrics_v01($1::timestamptz)", since).first
      end

      # @param since_timestamp [Time, nil] the last hour without
      # @return [AnalyticsMetrics]
      def self.call(since_timestamp = nil) = AnalyticsMetrics.load(since_timestamp)
    end
  end
end
