# frozen_string_literal: true

require "time"

module Tasker
  module Testing
    # One attempt of one step.
    #
    # @!attribute [r] step
    #   @return [String] the name of the step
    # @!attribute [r] attempt
    #   @return [Integer] from 1
    # @!attribute [r] handler_ran
    #   @return [Boolean]
    # @!attribute [r] outcome
    #   @return [String] `completed`, `failed`, `completed_elsewhere`, `released` or `worker_lost`
    # @!attribute [r] error
    #   @return [String, nil] the message of its failure
    # @!attribute [r] recorded
    #   @return [String] what the database said to it: `recorded`, `already_recorded`, `refused` or `never`
    # @!attribute [r] began_at
    #   @return [Time] when it was claimed, on the test's clock
    # @!attribute [r] seconds
    #   @return [Float, nil] how long its handler really ran; nil where it did not
    Execution = Data.define(:step, :attempt, :handler_ran, :outcome, :error, :recorded, :began_at, :seconds) do
      # @api private
      def self.of(told, seconds)
        new(
          **told.slice("step", "attempt", "handler_ran", "outcome", "recorded").transform_keys(&:to_sym),
          error: told["error"],
          began_at: Time.iso8601(told["began_at"]),
          seconds:
        )
      end

      alias_method :handler_ran?, :handler_ran

      # @return [Boolean]
      def failed? = outcome == "failed"
    end

    # When a step ran.
    #
    # @!attribute [r] began_at
    #   @return [Time] when it was claimed first, on the test's clock
    # @!attribute [r] ended_at
    #   @return [Time, nil] when it was complete, on the test's clock; nil where it is not
    # @!attribute [r] waiting_seconds
    #   @return [Float] between its first and its last attempt, on the test's clock: backoff, timeouts and lost workers
    # @!attribute [r] running_seconds
    #   @return [Float] how long its handler really ran, all attempts together
    Timing = Data.define(:began_at, :ended_at, :waiting_seconds, :running_seconds) do
      # @api private
      def self.of(executions, ended_at)
        began_at, last = executions.map(&:began_at).minmax
        new(
          began_at:,
          ended_at: ended_at && Time.iso8601(ended_at),
          waiting_seconds: last - began_at,
          running_seconds: executions.sum { |one| one.seconds || 0.0 }
        )
      end
    end
  end
end
