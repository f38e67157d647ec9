# frozen_string_literal: true

module Tasker
  # Tells a handler that its outcome counts for nothing any more.
  # @api private
  class Cancellation
    def initialize
      @lock = Mutex.new
      @cancelled = false
    end

    def cancelled? = @cancelled

    def cancel
      @lock.synchronize do
        @cancelled = true
        @bell&.broadcast
      end
    end

    # Sleeps until it is cancelled, so many seconds at the most. Whether it is.
    def wait(seconds)
      until_at = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds if seconds
      @lock.synchronize do
        @bell ||= ConditionVariable.new
        until @cancelled
          left = until_at && (until_at - Process.clock_gettime(Process::CLOCK_MONOTONIC))
          break if left && left <= 0

          @bell.wait(@lock, left)
        end
        @cancelled
      end
    end
  end
end
