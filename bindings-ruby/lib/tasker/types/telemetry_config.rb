# frozen_string_literal: true

module Tasker
  module Types
    # Traces, metrics and logs. There are none of ours yet: what is set here is kept for them.
    class TelemetryConfig < BaseConfig
      TELEMETRY = "telemetry"
      NOT_SAMPLED = "events are not sampled: every one is published once, and subscribers choose"
      private_constant :TELEMETRY, :NOT_SAMPLED

      # What a log never shows, where Rails does not say it.
      FILTERED = %i[passw email secret token _key crypt salt certificate otp ssn].freeze

      PROMETHEUS = {
        endpoint: nil, username: nil, password: nil, job_timeout: 300, export_timeout: 120, retry_attempts: 3,
        retention_window: 300, safety_margin: 60, metric_prefix: "tasker", include_instance_labels: true, compression: "snappy",
        batch_size: 1000, skip_if_unavailable: true
      }.freeze

      CONFIG = {
        batch_events: false, buffer_size: 100, flush_interval: 5, filtered_events: [].freeze, enable_memoization: true,
        async_processing: false, sampling_rate: 1.0
      }.freeze

      private_constant :FILTERED, :PROMETHEUS, :CONFIG

      block :telemetry

      later :enabled, Kind::BOOLEAN, true, by: TELEMETRY
      later :service_name, Kind::STRING, "tasker", by: TELEMETRY
      later :service_version, Kind::STRING, Tasker::VERSION, by: TELEMETRY
      later :filter_parameters, Kind::LIST, FILTERED, by: TELEMETRY
      later :filter_mask, Kind::STRING, "[FILTERED]", by: TELEMETRY
      later :correlation_id_header, Kind::STRING, "X-Correlation-ID", by: TELEMETRY
      later :log_level, Kind::STRING, "info", by: TELEMETRY
      later :log_format, Kind.one_of("json", "pretty_json", "logfmt"), "json", by: TELEMETRY
      later :metrics_enabled, Kind::BOOLEAN, true, by: TELEMETRY
      later :metrics_auth_required, Kind::BOOLEAN, false, by: TELEMETRY
      later :slow_query_threshold_seconds, Kind::NUMBER, 1.0, by: TELEMETRY
      later :metrics_retention_hours, Kind::INTEGER, 24, by: TELEMETRY
      later :prometheus, Kind.table(PROMETHEUS), PROMETHEUS, by: TELEMETRY
      ignored :structured_logging_enabled, Kind::BOOLEAN, true, why: "logs are structured"
      ignored :metrics_endpoint, Kind::STRING, "/tasker/metrics", why: "it lies where the engine is mounted"
      ignored :metrics_format, Kind::STRING, "prometheus", why: "there is one format"
      ignored :performance_monitoring_enabled, Kind::BOOLEAN, true, why: "metrics_enabled says it"
      ignored :memory_threshold_mb, Kind::INTEGER, 100, why: "memory is the process supervisor's to watch"
      ignored :event_sampling_rate, Kind::NUMBER, 1.0, why: NOT_SAMPLED
      ignored :filtered_events, Kind::STRINGS, [], why: NOT_SAMPLED
      ignored :max_stored_samples, Kind::INTEGER, 1000, why: "nothing is kept in memory"
      ignored :config, Kind.table(CONFIG), CONFIG, why: NOT_SAMPLED
    end
  end
end
