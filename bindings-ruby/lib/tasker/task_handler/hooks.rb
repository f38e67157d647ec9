# frozen_string_literal: true

module Tasker
  module TaskHandler
    # Calls what a task handler overrides. For one that does nothing nothing is loaded. Hooks may be private.
    # @api private
    class Hooks
      class << self
        # Tells the handler of the task that a step was run, if it wants to know.
        #
        # @param step [Step]
        # @param inside [Boolean] whether this is inside of {Tasker.around_step} already
        # @param passing [Array<Class>] what is raised on, besides
        # @yield what wants to end the process, or was limited by `Timeout`; the step's outcome stays
        # @yieldparam error [SystemExit, SignalException, Timeout::ExitException]
        # @return [void]
        def after_step(step, inside: false, passing: [])
          handler = wanting(step)
          return if handler.nil?

          tell = -> { handler.__send__(:update_annotations, step.task, step.sequence, [step]) }
          inside ? tell.call : Tasker.around_step(step, &tell)
        rescue SystemExit, SignalException, Timeout::ExitException => e
          yield e
        rescue *passing
          raise
        rescue Exception => e # rubocop:disable Lint/RescueException -- a note that fails is no reason to run a step again
          Tasker.logger.error { "[tasker] update_annotations failed after #{step}: #{e.full_message(highlight: false)}" }
        end

        private

        # The handler of the step's task, where it is registered here and overrides the hook.
        def wanting(step)
          return if Tasker.templates.empty?

          key = Templates::Key.of(namespace: step.namespace, name: step.task_name, version: step.version)
          return unless HandlerFactory.instance.registered(key)

          handler = HandlerFactory.instance.get(key.name, namespace_name: key.namespace, version: key.version)
          handler if handler.is_a?(InstanceMethods) && new(handler).overrides?(:update_annotations)
        end
      end

      # @param handler [TaskHandler]
      def initialize(handler)
        @handler = handler
      end

      # @param context [Hash]
      # @return [Array<String>] what is wrong with it
      def problems_of(context) = Array(@handler.__send__(:validate_context, context))

      # @return [Boolean] whether there is one for new tasks
      def creation? = overrides?(:establish_step_dependencies_and_defaults)

      # @param task [Tasker::Task] a new one
      # @return [void]
      def after_creation(task)
        @handler.__send__(:establish_step_dependencies_and_defaults, task, task.workflow_steps.to_a)
      end

      # @param run [Running::Run]
      # @return [void]
      def after_run(run)
        return unless run.executed.any? && overrides?(:update_annotations) && Tasker.models?

        task = Tasker::Task.find(run.task_id)
        sequence = @handler.get_sequence(task)
        @handler.__send__(:update_annotations, task, sequence, sequence.select { |step| run.executed.include?(step.name) })
      end

      # @param hook [Symbol]
      # @return [Boolean] whether the handler has one of its own
      def overrides?(hook) = @handler.method(hook).owner != InstanceMethods
    end
  end
end
