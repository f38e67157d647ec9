# frozen_string_literal: true

module Tasker
  module Functions
    # Complete steps, slowest first, from the creation of their task to their end.
    class FunctionBasedSlowestSteps < FunctionWrapper
      # One of them.
      class SlowestStep < FunctionWrapper
        attribute :workflow_step_id, :integer
        attribute :task_id, :string
        attribute :step_name, :string
        attribute :task_name, :string
        attribute :namespace_name, :string
        attribute :version, :string
        attribute :duration_seconds, :float
        attribute :attempts, :integer
        attribute :created_at, :datetime
        attribute :completed_at, :datetime
        attribute :retryable, :boolean
        attribute :step_status, :string

        # @api private
        def self.load(*filter) = call_function("get_slowest_steps_v01($1::timestamptz, $2::int, $3, $4, $5)", *filter)
      end

      # @param since_timestamp [Time, nil] of tasks created since; 24 hours without
      # @param limit_count [Integer]
      # @param namespace_filter [String, nil]
      # @param task_name_filter [String, nil]
      # @param version_filter [String, nil]
      # @return [Array<SlowestStep>]
      def self.call(since_timestamp: nil, limit_count: 10, namespace_filter: nil, task_name_filter: nil, version_filter: nil)
        SlowestStep.load(since_timestamp, limit_count, namespace_filter, task_name_filter, version_filter)
      end
    end
  end
end
