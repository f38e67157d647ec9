# frozen_string_literal: true

module Tasker
  # The attempts of a worker, and the threads that they take: they are polled, run, and reported in batches.
  #
  # A handler's thread goes from one attempt to the next as long as there are any; what came of them is reported by a thread of its
  # own, many at a time. All threads wait without the GVL.
  # @api private
  class Attempts
    # How long one poll waits for work.
    POLL_SECONDS = 1.0
    # How long the threads of a stopped worker are waited for; a handler that does not return keeps its own.
    ENDING_SECONDS = 2.0
    REPORTED_AT_ONCE = 256

    # @param native [Native::Worker]
    # @param host [Object] what steps ask for
    # @param handlers [Handlers]
    # @param concurrency [Integer] how many attempts run at once
    # @param interrupted [Proc] called when a handler wants to end the process
    def initialize(native, host, handlers, concurrency, interrupted)
      @native = native
      @host = host
      @handlers = handlers
      @interrupted = interrupted
      @concurrency = concurrency
      @freed = Thread::Queue.new
      @waiting = Thread::Queue.new
      @outcomes = Thread::Queue.new
      @running = {}
      @lock = Mutex.new
      @threads = Array.new(concurrency) { thread("handler") { run_attempts } }
      @threads << thread("poll") { poll }
      @threads << thread("cancel") { watch_cancellations }
      @threads << thread("report") { report }
    end

    # Ends the threads, after the worker has stopped. A handler that does not return keeps its own.
    def end
      @freed << 0
      @outcomes << nil
      @waiting.close
      ending = now + ENDING_SECONDS
      (@threads - [Thread.current]).each { |thread| thread.join([ending - now, 0].max) }
    end

    private

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def thread(name, &work)
      Thread.new(&work).tap do |thread|
        thread.name = "tasker-#{name}"
        thread.report_on_exception = false
        # Puma warns of threads that a fork would lose; these belong to the process that made them, and know it.
        thread.thread_variable_set(:fork_safe, true)
      end
    end

    # Polling, on a thread of its own; cancellations on another, since with every slot taken the first waits for one.

    def poll
      free = @concurrency
      loop do
        free += take_freed(wait: free.zero?)
        polled = Values.from_json(@native.poll(free, POLL_SECONDS))
        free -= polled["invocations"].size
        start(polled["invocations"])
        cancel(polled["cancelled"])
      rescue ShuttingDownError
        return
      rescue => e
        complain("polling went wrong", e)
      end
    end

    # How many slots became free; with `wait`, one at least, unless the worker ends.
    def take_freed(wait:)
      count = wait ? @freed.pop : 0
      count += @freed.pop until @freed.empty?
      count
    end

    def watch_cancellations
      loop do
        cancel(Values.from_json(@native.poll(0, POLL_SECONDS))["cancelled"])
        Logs.tell
      rescue ShuttingDownError
        return
      rescue => e
        complain("looking for cancelled attempts went wrong", e)
      end
    end

    def complain(what, error)
      Tasker.logger.error { "[tasker] #{what}: #{error.full_message(highlight: false)}" }
      sleep(POLL_SECONDS)
    end

    def start(messages)
      steps = messages.map { |message| Step.new(message, @host) }
      @lock.synchronize { steps.each { |step| @running[step.key] = step } }
      steps.each { |step| @waiting << step }
    end

    def cancel(attempts)
      attempts.each do |attempt|
        key = attempt.values_at("task_id", "step_no", "claim_no")
        @lock.synchronize { @running[key] }&.cancel
      end
    end

    # Running.

    def run_attempts
      while (step = @waiting.pop)
        run_attempt(step)
      end
    end

    def run_attempt(step)
      goes_on = false
      interrupted = ->(error) { interrupt(step, error) }
      Execution.run(step, @handlers, interrupted:) { |outcome| @outcomes << [step, outcome] }
      goes_on = true
    ensure
      replace_thread unless goes_on
    end

    # An exit or an interrupt in a handler: the worker drains.
    def interrupt(step, error)
      Tasker.logger.warn { "[tasker] #{error.class} in a handler: the worker stops after #{step}" }
      @interrupted.call
      @native.stop_claiming
    end

    # Another thread takes the place of one that a handler has ended.
    def replace_thread
      return if @waiting.closed?

      @lock.synchronize { @threads = @threads - [Thread.current] + [thread("handler") { run_attempts }] }
    end

    # Reporting.

    def report
      loop do
        batch = [@outcomes.pop]
        batch << @outcomes.pop until @outcomes.empty? || batch.size >= REPORTED_AT_ONCE
        outcomes = batch.compact
        complete(outcomes) unless outcomes.empty?
        return if outcomes.size < batch.size # told to end
      rescue => e
        # Whatever it is, the next outcomes are reported; what was lost here comes back with the lease.
        Tasker.logger.error { "[tasker] outcomes could not be reported: #{e.full_message(highlight: false)}" }
      end
    end

    # Reports outcomes; their slots are free then.
    def complete(batch)
      @lock.synchronize { batch.each { |step, _| @running.delete(step.key) } }
      @native.complete("[#{batch.map(&:last).join(",")}]")
    rescue EngineError
      # One of them is not what the engine takes; none was taken.
      batch.each { |step, outcome| complete_alone(step, outcome) }
    ensure
      @freed << batch.size
    end

    def complete_alone(step, outcome)
      @native.complete("[#{outcome}]")
    rescue EngineError => e
      Tasker.logger.error { "[tasker] an outcome could not be reported: #{step}: #{e.message}" }
      @native.complete("[#{Outcomes.unreportable(step, e)}]")
    end
  end
end
