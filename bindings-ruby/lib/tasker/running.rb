# frozen_string_literal: true

module Tasker
  # Running one task on the calling thread: what `handler.handle(task)` and {TaskRunnerJob} do.
  module Running
    # How long one look for work takes at the most, in seconds.
    LOOK_SECONDS = 0.05
    # How often a task that others work on is looked at, in seconds.
    WAIT_SECONDS = 1.0
    # States in which nothing of a task runs any more.
    ENDED = %w[complete error cancelled resolved_manually].freeze

    # What became of a task that was run.
    #
    # @!attribute [r] task_id
    #   @return [String]
    # @!attribute [r] status
    #   @return [String] its state
    # @!attribute [r] executed
    #   @return [Array<String>] the names of the steps that were run here, once for each attempt
    # @!attribute [r] next_ready_at
    #   @return [Time, nil] when a failed step may be tried again; nil where none waits for it
    Run = Data.define(:task_id, :status, :executed, :next_ready_at) do
      # @return [Boolean] whether the task has ended, well or badly
      def ended? = ENDED.include?(status)
    end

    module_function

    # Claims the steps of one task, and runs them on the calling thread until nothing of it is ready now.
    #
    # It has a lease as every worker, and so may be killed at any moment: what it held is taken up by another.
    #
    # @param task_id [String]
    # @param wait [Boolean] until the task has ended: what waits for another attempt is waited for, and what others run
    # @param client [Client]
    # @param handlers [Handlers] steps of other handlers are left to those who have them
    # @param annotate [Boolean] whether task handlers are told of each step: see {TaskHandler::InstanceMethods#update_annotations}
    # @return [Run]
    # @raise [NotFoundError] there is no such task, or it is not committed yet
    # @raise [ProceduralError] it is to wait inside an open transaction, in which nobody else sees the task
    def run_task(task_id, wait: false, client: Tasker.client, handlers: Tasker.handlers, annotate: true)
      refuse_open_transaction if wait
      Tasker.templates.register_all(client)
      # An unknown task has nothing to run for.
      return summary(client, task_id, []) if ENDED.include?(client.task_state(task_id))

      executed = []
      loop do
        executed.concat(run_what_is_ready(task_id, client, handlers, annotate))
        run = summary(client, task_id, executed)
        return run if run.ended? || !wait

        wait_for_more(run, client)
      end
    end

    def run_what_is_ready(task_id, client, handlers, annotate)
      options = {handlers: handlers.names, concurrency: 1, max_buffered: 0, runtime: "ruby", listen: false, task_id:}
      native = client.engine.start_worker(Values.to_argument(options))
      begin
        OneTask.new(native, task_id, client, handlers, annotate).run
      ensure
        native.stop_claiming
        native.shutdown
        Logs.tell
      end
    end

    def summary(client, task_id, executed)
      next_retries = client.find_steps(task_id:, waiting: true, limit: 1000).filter_map(&:next_retry_at)
      next_ready_at = next_retries.map { |at| Time.iso8601(at) }.min
      Run.new(task_id:, status: client.task_state(task_id), executed: executed.dup.freeze, next_ready_at:)
    end

    # Until a failed step is due, or for a while: then what others have run may have made something ready.
    def wait_for_more(run, client)
      due = run.next_ready_at ? run.next_ready_at - Time.now : WAIT_SECONDS
      client.wait_state(run.task_id, within_seconds: due.clamp(LOOK_SECONDS, WAIT_SECONDS))
    rescue WaitTimeoutError
      # Then it is looked at again.
    end

    def refuse_open_transaction
      model = Tasker.connection_class
      return unless model&.connection_pool&.active_connection? && Connections.of(model).transaction_open?

      raise ProceduralError,
        "a task cannot be waited for inside an open transaction: nobody else sees what is not committed. " \
        "Run it after the commit, or without `wait`; in tests, include Tasker::SpecHelpers"
    end
    private_class_method :run_what_is_ready, :summary, :wait_for_more, :refuse_open_transaction

    # The attempts of one task, one after another, on the calling thread.
    # @api private
    class OneTask
      def initialize(native, task_id, client, handlers, annotate)
        @native = native
        @task_id = task_id
        @client = client
        @handlers = handlers
        @annotate = annotate
        @host = Worker::Host.new(native, client)
      end

      # Runs until nothing is ready. The names of the steps that were run.
      def run
        executed = []
        loop do
          polled = Values.from_json(@native.poll(1, LOOK_SECONDS))
          message = polled["invocations"].first
          if message
            executed << message["step_name"]
            run_attempt(Step.new(message, @host))
          elsif nothing_ready?
            return executed
          end
        end
      end

      private

      def run_attempt(step)
        interrupt = nil
        interrupted = ->(error) { interrupt = error }
        Execution.run(step, @handlers, interrupted:, annotate: @annotate) { |outcome| report(step, outcome) }
        raise interrupt if interrupt
      end

      def report(step, outcome)
        @native.complete("[#{outcome}]")
      rescue EngineError => e
        @native.complete("[#{Outcomes.unreportable(step, e)}]")
      end

      # Nothing on its way to or from the database, and nothing there that this process could run.
      #
      # A claim and a report change the database before this process knows of it. So what the worker holds there is asked for first,
      # and again where something runs: it may have been claimed in between.
      def nothing_ready?
        return false if holding?

        steps = @client.readiness(@task_id)
        return false if steps.any? { |step| step[:ready_for_execution] && @handlers[handler_of(step[:name])] }

        steps.none? { |step| step[:current_state] == "in_progress" } || !holding?
      end

      # Whether the worker has something, here or by what the database says.
      def holding?
        status = Values.from_json(@native.status)
        status.values_at("buffered", "unreported").any?(&:positive?) ||
          @client.list_workers(worker_id: status["worker_id"]).any? { |worker| worker[:held].positive? }
      end

      def handler_of(name)
        @names ||= @client.list_steps(@task_id, limit: 1000).to_h { |step| [step[:name], step[:handler]] }
        @names.fetch(name) { @client.step(@task_id, name)[:handler] }
      end
    end
  end
end
