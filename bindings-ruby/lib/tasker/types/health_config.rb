# frozen_string_literal: true

module Tasker
  module Types
    # The health endpoints of the mounted interface.
    class HealthConfig < BaseConfig
      HTTP = "the mounted interface"
      private_constant :HTTP

      block :health

      used :status_requires_authentication, Kind::BOOLEAN, true, by: HTTP
      later :readiness_timeout_seconds, Kind::NUMBER, 5.0, by: HTTP
      later :cache_duration_seconds, Kind::INTEGER, 15, by: HTTP
      ignored :status_endpoint_requires_auth, Kind::BOOLEAN, true, why: "status_requires_authentication says it"
      ignored :ready_requires_authentication, Kind::BOOLEAN, false, why: "probes have no identity: ready and live are open"

      def problems = not_positive(:readiness_timeout_seconds, :cache_duration_seconds)
    end
  end
end
