# frozen_string_literal: true

require "timeout"

module Tasker
  # One attempt, run by its handler: what came of it, as the engine takes it.
  # @api private
  module Execution
    module_function

    # Where the task has a handler of its own that overrides the hook {TaskHandler::InstanceMethods#update_annotations}, it is called
    # before the outcome is reported, so that it comes before the end of the task.
    #
    # @param step [Step]
    # @param handlers [Handlers]
    # @param interrupted [Proc] called where the handler wants to end the process (`exit`, Ctrl-C), and the step goes back unburned;
    #   where somebody outside of it has limited its time by `Timeout`, and the attempt has failed; and where the hook does or has
    #   that, and the step's outcome stays. It is given a `SystemExit`, `SignalException` or `Timeout::ExitException`
    # @param annotate [Boolean] whether the hook is called here
    # @yield to report what came of it: once, even where the handler or the hook ends its thread, which raises nothing
    # @yieldparam outcome [String]
    # @return [void]
    def run(step, handlers, interrupted:, annotate: true)
      interrupt = nil
      outcome = attempt(step, handlers) { |error| interrupted.call(interrupt = error) }
      TaskHandler::Hooks.after_step(step, &interrupted) if annotate && interrupt.nil?
    ensure
      yield outcome || Outcomes.failed(step, ThreadError.new("the handler ended its thread"))
    end

    def attempt(step, handlers)
      Outcomes.completed(step, call(step, handlers))
    rescue SystemExit, SignalException => e
      yield e
      Outcomes.released(step)
    rescue Timeout::ExitException => e
      # A handler's own is a Timeout::Error by the time that it leaves the handler.
      yield e
      Outcomes.failed(step, e)
    rescue Exception => e # rubocop:disable Lint/RescueException -- whatever a handler raises, its attempt ends
      Outcomes.failed(step, e)
    end

    def call(step, handlers)
      Tasker.around_step(step) do
        handler = handlers[step.handler] || raise(KeyError, "this process has no handler '#{step.handler}'")
        results_of(step, handler)
      end
    end

    # What a handler makes of a step: what it assigned, else what it returned.
    def results_of(step, handler)
      returned = handler.call(step)
      return step.results if step.assigned?

      step.returned = returned
    end
    private_class_method :attempt, :call
  end
end
