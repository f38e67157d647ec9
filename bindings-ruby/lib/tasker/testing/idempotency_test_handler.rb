# frozen_string_literal: true

require "digest"

module Tasker
  module Testing
    # A handler that gives the same results however often it is executed, and remembers how often that was.
    class IdempotencyTestHandler < StepHandler::Base
      @executions = Hash.new(0)
      @lock = Mutex.new

      class << self
        # @return [Hash{String => Hash}] `execution_count` by "task/step"
        def execution_stats
          @lock.synchronize { @executions.transform_values { |execution_count| {execution_count:} } }
        end

        # @return [void]
        def clear_execution_registry! = @lock.synchronize { @executions.clear }

        # @api private
        def executed(key) = @lock.synchronize { @executions[key] += 1 }
      end

      # @param config [Hash, nil] the same option
      # @param step_name [String, nil] told in the results; the step's own when left out
      def initialize(config: nil, step_name: nil)
        super(config:)
        @step_name = step_name || (config || {}).with_indifferent_access[:step_name]
      end

      # @return [Hash] `success`, `step_name`, `task_id`, `step_id`, `checksum`
      def process(task, _sequence, step)
        name = @step_name || step.name
        IdempotencyTestHandler.executed("#{task.task_id}/#{name}")
        {
          success: true,
          step_name: name,
          task_id: task.task_id,
          step_id: step.workflow_step_id,
          checksum: Digest::SHA256.hexdigest("#{task.task_id}/#{name}")
        }
      end
    end
  end
end
