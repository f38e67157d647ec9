# frozen_string_literal: true

module Tasker
  module Testing
    # One run of a workflow, for the test's own assertions.
    #
    # @!attribute [r] crash
    #   @return [Record, nil] where the process died: `step`, `attempt`, `when`; nil for the undisturbed run
    # @!attribute [r] report
    #   @return [TestReport] what became of the task
    Variant = Data.define(:crash, :report)

    # Where workflows under test run: it carries out commands, and runs the handlers and checks that they ask for, on the thread
    # that gives them.
    # @api private
    class Stage
      # What stands in for handlers, by the name of the step.
      attr_reader :stand_ins

      # Whether task handlers are told of each step.
      attr_writer :annotate

      # @param connection [Object] see {Connections.execute_on}
      # @param handlers [Handlers]
      # @param options [Hash] `schema`, `settings`
      def initialize(connection, handlers, options)
        @handlers = handlers
        @stand_ins = {}
        @annotate = true
        @running_seconds = {}
        text = Values.to_argument(options)
        # Opens nothing: it knows how steps are completed in this schema, with these settings.
        @engine = Native::Engine.new(Values.to_argument({**options, isolated: true}))
        @conversation = Conversation.new(
          Native::Session.for_tests(text), connection, {"invoke" => method(:invoke), "check" => method(:judge)}
        )
      end

      # Carries out a command.
      #
      # @yieldparam variant [Variant] to be judged
      # @return [Object] the answer
      def carry_out(command, check: nil, **arguments)
        @check = check
        @conversation.carry_out(command, **arguments)
      ensure
        @check = nil
      end

      # @param told [Hash] a report, as the engine tells it
      # @return [TestReport] the same, with how long the handlers really ran
      def report(told)
        task_id = told["task"]["task_id"]
        TestReport.new(told) { |one| @running_seconds[[task_id, one["step"], one["attempt"]]] }
      end

      # What steps ask for: see {Step}.

      def fetch_context(_task_id) = raise(InternalError, "under test every context comes along")

      def fetch_results(task_id) = Values.to_json(@conversation.results(task_id))

      def session = @engine.session

      private

      def invoke(action)
        step = Step.new(action["invocation"], self)
        outcome = Values.from_json(timed(step) { outcome(step) })
        tell_task_handler(step) if @annotate && outcome["outcome"] != "released"
        {outcome:}
      end

      # Where the test runs is inside of everything that a worker would put around a step. An `exit` ends no test.
      def tell_task_handler(step)
        TaskHandler::Hooks.after_step(step, inside: true, passing: Failures.classes) do |error|
          raise error unless error.is_a?(SystemExit)
        end
      end

      def timed(step)
        began_at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        yield
      ensure
        @running_seconds[[step.task_id, step.name, step.attempt]] = Process.clock_gettime(Process::CLOCK_MONOTONIC) - began_at
      end

      def outcome(step)
        Outcomes.completed(step, Tasker::Execution.results_of(step, handler_of(step)))
      rescue SystemExit
        Outcomes.released(step)
      rescue SignalException
        raise
      rescue Exception => e # rubocop:disable Lint/RescueException -- whatever a handler raises, its attempt ends
        raise if Failures.of_the_test?(e)

        Outcomes.failed(step, e)
      end

      def handler_of(step)
        stand_ins[step.name] || @handlers[step.handler] || raise(KeyError, "this test has no handler '#{step.handler}'")
      end

      def judge(action)
        crash, told = action["variant"].values_at("crash", "report")
        @check&.call(Variant.new(crash: crash && Record.new(crash), report: report(told)))
        {checked: nil}
      rescue StandardError, *Failures.classes => e
        {checked: Failures.message(e)}
      end
    end
  end
end
