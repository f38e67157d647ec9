# frozen_string_literal: true

module Tasker
  module TaskHandler
    # Calls what a task handler overrides. For one that does nothing nothing is loaded. Hooks may be private.
    # @api private
    class Hooks
      # @param handler [TaskHandler]
      def initialize(handler)
        @handler = handler
      end

      # @param context [Hash]
      # @return [Array<String>] what is wrong with it
      def problems_of(context) = Array(@handler.__send__(:validate_context, context))

      # @return [Boolean] whether there is one for new tasks
      def creation? = overridden?(:establish_step_dependencies_and_defaults)

      # @param task [Tasker::Task] a new one
      # @return [void]
      def after_creation(task)
        @handler.__send__(:establish_step_dependencies_and_defaults, task, task.workflow_steps.to_a)
      end

      # @param run [Running::Run]
      # @return [void]
      def after_run(run)
        return unless run.executed.any? && overridden?(:update_annotations) && Tasker.models?

        task = Tasker::Task.find(run.task_id)
        sequence = @handler.get_sequence(task)
        @handler.__send__(:update_annotations, task, sequence, sequence.select { |step| run.executed.include?(step.name) })
      end

      private

      def overridden?(hook) = @handler.method(hook).owner != InstanceMethods
    end
  end
end
