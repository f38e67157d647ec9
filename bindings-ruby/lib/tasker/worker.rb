# frozen_string_literal: true

require "concurrent/array"

module Tasker
  # Runs handlers until it is stopped, on threads of its own. Claims, reports and heartbeats go on in the engine's threads, whatever
  # the handlers do.
  #
  #   worker = Tasker::Worker.new(client)
  #   trap("TERM") { worker.request_stop }
  #   worker.run
  class Worker
    # Starts it.
    #
    # @param client [Client] the client whose database it works on
    # @param handlers [Handlers] those that {Tasker.handler} and task handlers registered when left out
    # @param concurrency [Integer, nil] how many handlers run at once; never more than ActiveRecord has connections. Else what
    #   `execution.max_concurrent_steps_limit` of the configuration says (12)
    # @param name [String, nil] for people; host and process when left out
    # @param version [String, nil] the version of the application
    # @param listen [Boolean] whether to listen for hints, on a connection of its own; everything works without, by polling
    # @raise [ConfigInvalidError] no handler is registered
    # @raise [DatabaseUnavailableError] PostgreSQL cannot be reached
    # @raise [SchemaMismatchError] the schema is not that of this version
    def initialize(client = Tasker.client, handlers = Tasker.handlers, concurrency: nil, name: nil, version: nil, listen: true)
      concurrency = Concurrency.fit(concurrency)
      # Which names its handlers have, a task handler may say only now.
      Tasker.templates.register_all(client) if handlers.equal?(Tasker.handlers)
      @asked = Thread::Queue.new
      options = {handlers: handlers.names, concurrency:, runtime: "ruby", name:, version:, listen:}
      @process_id = Process.pid
      @native = client.engine.start_worker(Values.to_argument(options.compact))
      host = Host.new(@native, client)
      @attempts = Attempts.new(@native, host, handlers, concurrency, method(:request_stop))
      @lock = Mutex.new
      @running = true
      RUNNING << self
    end

    # @return [Record] what the worker does at present: `worker_id`, `buffered`, `running`, `stuck`, `unreported`
    def status = Record.new(Values.from_json(@native.status))

    # Asks it to stop, without waiting: {run} returns then. May be called from a trap.
    #
    # @return [void]
    def request_stop
      # A queue: neither a mutex nor a condition variable may be used in a trap.
      @asked << true
      nil
    rescue ClosedQueueError # it has stopped
      nil
    end

    # Works until {request_stop}, then stops.
    #
    # @return [void]
    # @raise [DatabaseUnavailableError] as for {stop}
    def run
      @asked.pop
      stop
    end

    # Stops, and waits until it has, whoever stops it. Nothing more is begun, handlers may finish within `execution.shutdown_grace_seconds`, the rest
    # goes back without counting as an attempt.
    #
    # @return [void]
    # @raise [DatabaseUnavailableError] the database could not be told; the lease will tell it
    def stop
      @lock.synchronize do
        next unless @running

        @running = false
        hand_back
      end
    end

    # Stops every worker of this process, for its end. What was forked leaves those of its parent alone.
    # @api private
    def self.stop_all
      RUNNING.select { |worker| worker.of_this_process? }.each do |worker|
        worker.stop
      rescue EngineError => e
        Tasker.logger.error { "[tasker] a worker could not be stopped: #{e.message}" }
      end
    end

    # @api private
    def of_this_process? = @process_id == Process.pid

    # @api private
    RUNNING = Concurrent::Array.new
    private_constant :RUNNING
    # Its threads must not come back to an interpreter that is gone.
    at_exit { stop_all }

    private

    def hand_back
      @native.stop_claiming
      @native.shutdown
    ensure
      RUNNING.delete(self)
      Logs.tell
      @attempts.end
      @asked.close
    end

    # What steps ask for.
    # @api private
    class Host
      def initialize(native, client)
        @native = native
        @client = client
      end

      def fetch_context(task_id) = @native.fetch_context(task_id)

      def fetch_results(task_id) = @native.fetch_results(task_id)

      def session = @client.session
    end
  end
end
