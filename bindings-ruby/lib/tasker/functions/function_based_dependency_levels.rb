# frozen_string_literal: true

module Tasker
  module Functions
    # The level of each step in the graph of its task: how many steps the longest way to it has before it.
    class FunctionBasedDependencyLevels < FunctionWrapper
      attribute :task_id, :string
      attribute :workflow_step_id, :integer
      attribute :dependency_level, :integer

      class << self
        # @param task_id [String]
        # @return [Array<FunctionBasedDependencyLevels>] by level
        def for_task(task_id)
          call_function("calculate_dependency_levels($1::uuid)", task_id).each { |row| row.task_id = task_id }
        end

        # @return [Hash{Integer => Integer}] levels by step
        def levels_hash_for_task(task_id) = for_task(task_id).to_h { |row| [row.workflow_step_id, row.dependency_level] }

        # @return [Integer]
        def max_level_for_task(task_id) = for_task(task_id).map(&:dependency_level).max || 0

        # @return [Array<Integer>] numbers of steps
        def steps_at_level(task_id, level)
          for_task(task_id).select { |row| row.dependency_level == level }.map(&:workflow_step_id)
        end

        # @return [Array<Integer>] numbers of the steps that wait for nothing
        def root_steps_for_task(task_id) = steps_at_level(task_id, 0)
      end

      # @return [Hash]
      def to_h = super.except(:task_id)

      # @return [WorkflowStep]
      def workflow_step = @workflow_step ||= WorkflowStep.find([task_id, workflow_step_id])
    end
  end
end
