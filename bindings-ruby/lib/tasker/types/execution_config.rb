# frozen_string_literal: true

module Tasker
  module Types
    # How steps are executed.
    class ExecutionConfig < BaseConfig
      NO_BATCHES = "there are no batches: each step has its own timeout (`timeout_seconds`, else execution.default_timeout_seconds)"
      NO_FORMULA = "how much a worker takes follows from its free threads, not from a formula over connections"
      NO_FUTURES = "a constant of the ancestor's about futures and garbage collection, of which there is neither here"
      private_constant :NO_BATCHES, :NO_FORMULA, :NO_FUTURES

      block :execution

      setting :lease_seconds, Kind::NUMBER, 30
      setting :heartbeat_seconds, Kind::NUMBER.optional, nil
      setting :shutdown_grace_seconds, Kind::NUMBER, 30
      setting :max_worker_losses, Kind::INTEGER, 3
      setting :max_result_bytes, Kind::INTEGER, 1 << 20
      setting :max_context_bytes, Kind::INTEGER, 1 << 20
      setting :default_timeout_seconds, Kind::NUMBER.optional, nil
      setting :exit_when_stuck, Kind::BOOLEAN, false

      used :max_concurrent_steps_limit, Kind::INTEGER, 12, by: "workers: how many handlers run at once, where nothing else says so"
      used :run_tasks_in_jobs, Kind::BOOLEAN, false, by: "new tasks: each is run by a job, for applications without workers"

      ignored :min_concurrent_steps, Kind::INTEGER, 3, why: NO_FORMULA
      ignored :concurrency_cache_duration, Kind::INTEGER, 30, why: NO_FORMULA
      ignored :connection_pressure_factors, Kind::HASH, {low: 0.8, moderate: 0.6, high: 0.4, critical: 0.2}, why: NO_FORMULA
      ignored :health_assessment_cache_duration, Kind::INTEGER, 30, why: NO_FORMULA
      ignored :connection_health_log_level, Kind::STRING, "debug", why: NO_FORMULA
      ignored :batch_timeout_base_seconds, Kind::INTEGER, 30, why: NO_BATCHES
      ignored :batch_timeout_per_step_seconds, Kind::INTEGER, 5, why: NO_BATCHES
      ignored :max_batch_timeout_seconds, Kind::INTEGER, 120, why: NO_BATCHES

      refused :future_cleanup_wait_seconds, :gc_trigger_batch_size_threshold, :gc_trigger_duration_threshold, why: NO_FUTURES

      def problems
        [
          *not_positive(
            :min_concurrent_steps, :max_concurrent_steps_limit, :concurrency_cache_duration, :batch_timeout_base_seconds,
            :batch_timeout_per_step_seconds, :max_batch_timeout_seconds
          ),
          *bounds_problem
        ]
      end

      private

      def bounds_problem
        return if min_concurrent_steps <= max_concurrent_steps_limit || !given?(:min_concurrent_steps)

        "min_concurrent_steps (#{min_concurrent_steps}) must not be above " \
          "max_concurrent_steps_limit (#{max_concurrent_steps_limit})"
      end
    end
  end
end
