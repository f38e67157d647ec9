# frozen_string_literal: true

module Tasker
  module Testing
    # A failure that a test injects, as a sentence whose last word injects it:
    #
    #   test.fault("charge").on_attempt(1).retryable("503")
    #
    # Where several strike the same attempt, the one injected last does.
    class Fault
      # Who an attempt belongs to that never was.
      NO_ATTEMPT = Data.define(:task_id, :step_no, :claim_no) { def completed_itself? = false }.new(nil, nil, nil)
      private_constant :NO_ATTEMPT

      # Made by {Test#fault}.
      # @api private
      # @param fault [Hash] what is known of it
      # @yieldparam fault [Hash] the whole of it, once the sentence is complete
      def initialize(fault, &inject)
        @fault = fault
        @inject = inject
      end

      # Strikes this attempt only, from 1; otherwise every one.
      #
      # @param attempt [Integer]
      # @return [Fault]
      def on_attempt(attempt) = self.class.new({**@fault, attempt:}, &@inject)

      # Strikes after the handler has run, so that its work is done and what it said is lost. Otherwise it does not run.
      #
      # @return [Fault]
      def after_the_handler = self.class.new({**@fault, when: "after"}, &@inject)

      # The attempt fails and may be tried again.
      #
      # @param message [String]
      # @param retry_after [Numeric, nil] seconds until the next attempt
      # @param error_code [String, nil]
      # @param context [Hash] stored with the failure
      # @return [void]
      def retryable(message, retry_after: nil, error_code: nil, context: {})
        raises(RetryableError.new(message, retry_after:, error_code:, context:))
      end

      # The attempt fails for good.
      #
      # @param message [String]
      # @param error_code [String, nil]
      # @param context [Hash] stored with the failure
      # @return [void]
      def permanent(message, error_code: nil, context: {})
        raises(PermanentError.new(message, error_code:, context:))
      end

      # The attempt fails as if the handler had raised this.
      #
      # @param error [Exception, Class, String] as for `Kernel#raise`
      # @param arguments [Array] a message for a class
      # @return [void]
      def raises(error, *arguments)
        raised = error.respond_to?(:exception) ? error.exception(*arguments) : RuntimeError.new(error)
        said = Values.from_json(Outcomes.failed(NO_ATTEMPT, raised))
        inject("fails", failure: said.except("task_id", "step_no", "claim_no", "outcome"))
      end

      # The handler runs; the clock moves by the step's timeout.
      #
      # @return [void]
      def times_out = after_the_handler.inject("timeout")

      # The handler runs and the clock moves by so much; longer than its timeout is a timeout.
      #
      # @param seconds [Numeric]
      # @return [void]
      def takes(seconds) = inject("takes", seconds: seconds.to_f)

      # The handler runs and returns what cannot be stored.
      #
      # @return [void]
      def returns_no_json = after_the_handler.inject("not_json")

      # The process dies; the clock moves on until its lease is over and another one has taken its steps back.
      #
      # @return [void]
      def loses_its_worker = inject("worker_lost")

      protected

      def inject(kind, **more)
        @inject.call({**@fault, fault: kind, **more})
        nil
      end
    end
  end
end
