# frozen_string_literal: true

# Not "tasker": this is loaded before the application, of which that is a part.
require "tasker/concurrency"

module Tasker
  # A worker in a process that does something else besides, such as that of a web server. The process comes first: it boots whether
  # there is a database or not, and the worker begins as soon as it can.
  # @api private
  class EmbeddedWorker
    # How often it is looked whether the application has booted.
    BOOT_SECONDS = 0.05
    # How long to wait until a start that went wrong is tried again.
    RETRY_SECONDS = 5

    # Starts it, on a thread of its own and without waiting. May be called anew in a process that was forked.
    #
    # @param beside [Integer] how many threads of the process use ActiveRecord's connections besides
    # @yieldreturn [Boolean] whether the application has booted; asked until it has
    def start(beside: 0, &booted)
      @process_id = Process.pid
      # Nothing is ever put into it: it is closed when the worker is to stop.
      @stopping = Thread::Queue.new
      @thread = Thread.new { work(beside, booted) }
      @thread.name = "tasker-embedded"
      # Puma warns of threads that a fork would lose; this one is started again where it is wanted.
      @thread.thread_variable_set(:fork_safe, true)
    end

    # Has it stop, without waiting: it claims nothing more, and handlers may finish within `execution.shutdown_grace_seconds`.
    def request_stop
      @stopping.close if here?
    end

    # Stops it, and waits until it has. In a process that did not start it, this does nothing.
    def stop
      return unless here?

      request_stop
      @thread.join
      @process_id = nil
    end

    private

    # Not where it was started before a fork. Without a lock, since Puma asks in a trap.
    def here? = @process_id == Process.pid

    def work(beside, booted)
      wait(BOOT_SECONDS) until booted.nil? || booted.call || @stopping.closed?
      worker = start_worker(beside) or return
      wait
      worker.stop
    rescue StandardError => e
      Tasker.logger.error { "[tasker] the worker in this process has ended: #{e.full_message(highlight: false)}" }
    end

    # Until it is to stop, or so many seconds.
    def wait(seconds = nil) = @stopping.pop(timeout: seconds)

    # @return [Worker, nil] nil where it is to stop before it could start
    def start_worker(beside)
      until @stopping.closed?
        begin
          return Worker.new(Tasker.client, concurrency: Concurrency.fit(beside:))
        rescue DatabaseUnavailableError, SchemaMismatchError => e
          Tasker.logger.warn { "[tasker] no worker yet, trying again in #{RETRY_SECONDS} s: #{e.message}" }
          wait(RETRY_SECONDS)
        end
      end
    end
  end
end
