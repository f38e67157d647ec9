# frozen_string_literal: true

module Tasker
  module Functions
    # Tasks that are complete or have come to a stop, slowest first, from their creation to their end.
    class FunctionBasedSlowestTasks < FunctionWrapper
      # One of them.
      class SlowestTask < FunctionWrapper
        attribute :task_id, :string
        attribute :task_name, :string
        attribute :namespace_name, :string
        attribute :version, :string
        attribute :duration_seconds, :float
        attribute :step_count, :integer
        attribute :completed_steps, :integer
        attribute :error_steps, :integer
        attribute :created_at, :datetime
        attribute :completed_at, :datetime
        attribute :initiator, :string
        attribute :source_system, :string

        # @api private
        def self.load(*filter) = call_function("get_slowest_tasks_v01($1::timestamptz, $2::int, $3, $4, $5)", *filter)
      end

      # Takes what {FunctionBasedSlowestSteps.call} takes.
      #
      # @return [Array<SlowestTask>]
      def self.call(since_timestamp: nil, limit_count: 10, namespace_filter: nil, task_name_filter: nil, version_filter: nil)
        SlowestTask.load(since_timestamp, limit_count, namespace_filter, task_name_filter, version_filter)
      end
    end
  end
end
