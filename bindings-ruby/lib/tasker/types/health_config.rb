# frozen_string_literal: true

module Tasker
  module Types
    # The health endpoints of the mounted API. Nothing is mounted yet: what is set here is kept for it.
    class HealthConfig < BaseConfig
      HTTP = "the mounted API"
      private_constant :HTTP

      block :health

      later :status_requires_authentication, Kind::BOOLEAN, true, by: HTTP
      later :readiness_timeout_seconds, Kind::NUMBER, 5.0, by: HTTP
      later :cache_duration_seconds, Kind::INTEGER, 15, by: HTTP
      ignored :status_endpoint_requires_auth, Kind::BOOLEAN, true, why: "status_requires_authentication says it"
      ignored :ready_requires_authentication, Kind::BOOLEAN, false, why: "probes have no identity: ready and live are open"

      def problems = not_positive(:readiness_timeout_seconds, :cache_duration_seconds)
    end
  end
end
