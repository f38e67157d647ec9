# frozen_string_literal: true

require "time"

module Tasker
  module Testing
    # Workflows under test, on one connection and in one transaction: roll it back, and nothing is left.
    #
    # The clock of the transaction stands still but for what moves it: {#advance}, {#run_to_end}, faults that take time, and the
    # test's own clock: where `travel_to` of ActiveSupport (or Timecop) has moved `Time.now`, the test begins at that time, into the
    # past as well, and with each command catches up with it. Backwards it does not go once it has begun.
    #
    # Attempts run one after another where the test runs, in the order of priority, time and step.
    class Test
      include Operating

      # What may be asked while a task runs.
      MEANWHILE = %w[register create report operate].freeze
      private_constant :MEANWHILE

      # @return [Time] the time of the test
      attr_reader :now

      # Begins.
      #
      # @param connection [PG::Connection, ActiveRecord::ConnectionAdapters::AbstractAdapter, Class] in a transaction, on a database
      #   with Tasker's schema; a class of ActiveRecord means its connection
      # @param handlers [Handlers] those that {Tasker.handler} and task handlers registered when left out
      # @param schema [String] the schema of Tasker's tables
      # @param settings [Hash, nil] blocks of settings as in *tasker.yaml*. Without a word on it the backoff has no jitter
      # @raise [InvalidArgumentError] the connection is in no transaction
      # @raise [SchemaMismatchError] its database has no Tasker that this version can use
      # @raise [ArgumentError] this is no connection that Tasker knows
      def initialize(connection, handlers: Tasker.handlers, schema: "tasker", settings: nil)
        @execute = Connections.execute_on(connection)
        @handlers = handlers
        @make_stage = -> { Stage.new(connection, handlers, {schema:, settings: settings || {}}) }
        @stage = @make_stage.call
        @faults = []
        @known_handlers = {}
        set_out
        @now = time(@stage.carry_out("open"))
      end

      # Registers a template inside the transaction; it is then the content of its version, whatever was.
      #
      # @param source [String, Pathname, Hash] the path of a YAML file, or the same as a Hash
      # @return [String] what it did: `new`, `unchanged` or `replaced`
      # @raise [InvalidTemplateError] everything that is wrong with it, with its places
      def register(source) = carry_out("register", **Requests.template(source, true))["registered"]

      # Creates a task inside the transaction. A handler that is being executed may do that, too, as it may look at tasks and do
      # what operators do; only running tasks is for when nothing runs.
      #
      # @param name [String, Symbol] the name of the template
      # @param request [Hash] as for {Client#create_task}
      # @return [Created]
      # @raise [EngineError] as {Client#create_task} does
      def create(name, **request)
        Created.of(carry_out("create", request: {name:, **request.compact})["created"])
      end

      # Creates a task and runs it to its end: {#create}, then {#run_to_end}.
      #
      # @return [TestReport]
      # @raise [EngineError] as for these
      def run(name, **request) = run_to_end(create(name, **request))

      # Runs a task until nothing of it is ready or due any more. Waits between attempts take no time.
      #
      # @param task [String, #task_id]
      # @return [TestReport]
      # @raise [UnknownHandlerError] a step that may still run has no handler here
      # @raise [NotFoundError] the transaction sees no such task
      # @raise [InvalidArgumentError] a fault names a step that no task of the test has
      def run_to_end(task) = run_until("end", task)

      # Runs a block in which task handlers are told of each step that is run, or not.
      # @api private
      def telling_task_handlers(tell)
        @stage.annotate = tell
        yield
      ensure
        @stage.annotate = true
      end

      # Runs a task until nothing of it is ready at this instant.
      #
      # @return [TestReport]
      # @raise [EngineError] as for {#run_to_end}
      def run_until_idle(task) = run_until("idle", task)

      # Runs one attempt of a task, if one is ready now.
      #
      # @return [TestReport]
      # @raise [EngineError] as for {#run_to_end}
      def run_one(task) = run_until("one", task)

      # What has become of a task so far.
      #
      # @param task [String, #task_id]
      # @return [TestReport]
      # @raise [NotFoundError] the transaction sees no such task
      def report(task) = reported("report", task_id: Testing.task_id(task))

      # Moves the clock, of this transaction only.
      #
      # @param seconds [Numeric, ActiveSupport::Duration]
      # @return [Time] the time of the test
      # @raise [InvalidArgumentError] it would move backwards, or beyond the end of time
      def advance(seconds) = @now = time(carry_out("advance", seconds: seconds.to_f))

      # Begins to inject a fault into a step: `test.fault("charge").on_attempt(1).retryable("503")`.
      #
      # @param step [String, Symbol]
      # @return [Fault]
      def fault(step)
        Fault.new({step: step.to_s}) do |fault|
          carry_out("inject", fault:)
          @faults << fault
        end
      end

      # Takes all faults back.
      #
      # @return [void]
      def clear_faults
        carry_out("clear_faults")
        @faults.clear
      end

      # Takes faults back that a block injects, after it.
      #
      # @return [Object] what the block returns
      def with_faults
        before = @faults.dup
        yield.tap { restore(before) }
      rescue EngineError # after anything else the test is over
        restore(before)
        raise
      end

      # Puts something in the place of a step's handler, whether or not there is one here.
      #
      # @param step [String, Symbol]
      # @yieldparam step [Step] the attempt
      # @yieldreturn [Object] what the step returns
      # @return [void]
      def stand_in(step, &handler)
        raise ArgumentError, "a stand-in for the step '#{step}' is a block" unless handler

        @stage.stand_ins[step.to_s] = handler
        nil
      end

      # Runs the workflow once for each point at which its process could die: is it right if it dies anywhere?
      #
      # Each run is rolled back to where it began. It has to end as it did undisturbed: the same state, the same states of its
      # steps, the same results.
      #
      #   report = test.crash_everywhere("order", context: {price: 21}) do |variant|
      #     expect(bank.charges.size).to eq(1)
      #     bank.reset
      #   end
      #   expect(report).to be_right
      #
      # @param name [String, Symbol] the name of the template
      # @param may_differ [Array<String, Symbol>] steps whose results contain a time, a random id or the attempt
      # @param request [Hash] as for {#create}
      # @yieldparam variant [Variant] for assertions after each run, about the outside world and about what stands in the database;
      #   what they raise is a problem of that variant
      # @return [CrashReport]
      # @raise [EngineError] as for {#run}; what is wrong with the workflow is in the report
      def crash_everywhere(name, may_differ: [], **request, &check)
        request = {name:, **request.compact}
        peek(request) unless @stage.stand_ins.empty?
        know_handlers
        answer = carry_out("crash_everywhere", check:, request:, may_differ: may_differ.map(&:to_s))
        CrashReport.new(answer["report"])
      end

      # For people.
      def inspect = "#<#{self.class.name} at #{now.iso8601(6)}>"

      private

      def carry_out(command, **arguments)
        return carry_out_meanwhile(command, **arguments) if @busy

        catch_up
        begin
          @busy = true
          @stage.carry_out(command, **arguments)
        ensure
          @busy = false
        end
      end

      # In another conversation, in the same transaction: the first one waits for a handler, or for the test's assertions.
      def carry_out_meanwhile(command, **arguments)
        unless MEANWHILE.include?(command)
          raise ProceduralError,
            "a handler is being executed: meanwhile tasks can be created, looked at and operated on, and no more"
        end

        stage = @make_stage.call
        stage.carry_out("open")
        stage.carry_out(command, **arguments)
      end

      # Before the test begins its clock may be set to any time.
      def set_out
        destination = Travel.destination
        @execute.call("select set_config('tasker.now', $1, true)", [destination.iso8601(6)]) if destination
      end

      def catch_up
        destination = Travel.destination
        return unless destination && destination > @now

        # Whole seconds and the rest one after the other: a float of many seconds has no room for microseconds.
        (destination.floor(6).to_r - @now.to_r).divmod(1).reject(&:zero?).each do |seconds|
          @now = time(@stage.carry_out("advance", seconds: seconds.to_f))
        end
      end

      def run_until(till, task)
        task_id = Testing.task_id(task)
        report(task_id) unless @stage.stand_ins.empty?
        know_handlers
        reported("run", task_id:, until: till)
      end

      def reported(command, **arguments) = look_at(carry_out(command, **arguments))

      def look_at(answer)
        report = @stage.report(answer["report"])
        @now = report.now
        report.steps.each { |step| @known_handlers[step.name] = step.handler }
        report
      end

      # The engine hands out steps of these; a stand-in is there for its step whether or not there is a handler.
      def know_handlers
        replaced = @known_handlers.slice(*@stage.stand_ins.keys).values
        carry_out("handlers", names: @handlers.names | replaced)
      end

      def restore(faults)
        clear_faults
        faults.each { |fault| carry_out("inject", fault:) }
        @faults.concat(faults)
      end

      # Which handlers the steps of a task have is known once there is one. The clock must not move inside of the savepoint.
      def peek(request)
        catch_up
        @execute.call("savepoint tasker_peek", [])
        created = @stage.carry_out("create", request:)["created"]
        look_at(@stage.carry_out("report", task_id: created["task_id"]))
      ensure
        @execute.call("rollback to savepoint tasker_peek", [])
        @execute.call("release savepoint tasker_peek", [])
      end

      def time(answer) = Time.iso8601(answer["now"])
    end
  end
end
