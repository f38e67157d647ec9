# frozen_string_literal: true

require "active_support/notifications"

module Tasker
  module StepHandler
    # A handler for one step. What `process` returns is the result of the step; raising fails the attempt.
    #
    #   class ChargeHandler < Tasker::StepHandler::Base
    #     def process(task, sequence, _step)
    #       total = sequence.results("validate")[:total]
    #       {charge_id: Bank.charge(task.context[:card], total)}
    #     end
    #   end
    #
    # An instance serves one attempt.
    class Base
      # @return [Object, nil] the handler's configuration in the template
      attr_reader :config

      class << self
        # Events of its own that a handler publishes: override it.
        #
        # @return [Array<Hash>] each with `:name` and `:description`
        def custom_event_configuration = []
      end

      # @param config [Object, nil] the handler's configuration in the template
      def initialize(config: nil)
        @config = config
      end

      # Does the work of the step: override it.
      #
      # @param task [TaskDelegate] its `context` is the task's input
      # @param sequence [StepSequence] `sequence.results("validate")` is what another step returned
      # @param step [Step] the attempt
      # @return [Object] the results, which JSON must be able to say; ignored where `step.results` was assigned
      # @raise [RetryableError] it may work later
      # @raise [PermanentError] it will never work
      def process(task, sequence, step) # rubocop:disable Lint/UnusedMethodArgument -- the signature is what is to be overridden
        raise NotImplementedError, "#{self.class} must have process(task, sequence, step), which does the work of the step"
      end

      # Stores what `process` returned. Override it to store something else: assign `step.results`.
      #
      # @param step [Step]
      # @param process_output [Object] what `process` returned
      # @param initial_results [Object] what `step.results` was before
      # @return [void]
      def process_results(step, process_output, initial_results)
        step.results = process_output unless results_assigned?(step, initial_results)
      end

      # Runs the attempt: `process`, then `process_results`. Override `process` instead.
      #
      # @return [Object] the results
      def handle(task, sequence, step)
        initial_results = step.results.dup
        process_results(step, output_of_process(task, sequence, step), initial_results)
        step.results
      end

      # Publishes an event of the handler's own, in this process, at once: `ActiveSupport::Notifications` by its name.
      #
      # @param name [String] with a namespace: "payment.processed"
      # @param payload [Hash]
      # @return [void]
      def publish_custom_event(name, payload = {})
        ActiveSupport::Notifications.instrument(name, payload)
      end

      private

      def output_of_process(task, sequence, step) = process(task, sequence, step)

      # Whether `process` has assigned the results itself. Records and doubles, which tests pass, do not say so.
      def results_assigned?(step, initial_results)
        (step.respond_to?(:assigned?) && step.assigned?) || step.results != initial_results
      end
    end
  end
end
