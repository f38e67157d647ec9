# frozen_string_literal: true

module Tasker
  module Types
    # How long to wait between attempts, where a step has no `retry` policy of its own: one rule for every handler and failure.
    class BackoffConfig < BaseConfig
      NOTHING_IS_REENQUEUED = "nothing is re-enqueued: workers are woken, and know when the next step is due"
      private_constant :NOTHING_IS_REENQUEUED

      block :backoff

      setting :default_backoff_seconds, Kind.list_of(Kind::NUMBER, "numbers"), [1, 2, 4, 8, 16, 32]
      setting :max_backoff_seconds, Kind::NUMBER, 300
      setting :backoff_multiplier, Kind::NUMBER, 2.0
      setting :jitter_enabled, Kind::BOOLEAN, true
      setting :jitter_max_percentage, Kind::NUMBER, 0.1
      ignored :reenqueue_delays, Kind::HASH, {has_ready_steps: 0, waiting_for_dependencies: 45, processing: 10},
        why: NOTHING_IS_REENQUEUED
      ignored :default_reenqueue_delay, Kind::NUMBER, 30, why: NOTHING_IS_REENQUEUED
      ignored :buffer_seconds, Kind::NUMBER, 5, why: NOTHING_IS_REENQUEUED
    end
  end
end
