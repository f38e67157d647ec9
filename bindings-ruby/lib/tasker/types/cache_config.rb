# frozen_string_literal: true

module Tasker
  module Types
    # How long answers of the analytics are cached. There are none yet: what is set here is kept for them.
    class CacheConfig < BaseConfig
      ANALYTICS = "analytics"
      NOT_MEASURED = "the time that an answer is kept does not follow from how often it is asked for"
      private_constant :ANALYTICS, :NOT_MEASURED

      block :cache

      later :default_ttl, Kind::INTEGER, 300, by: ANALYTICS
      later :adaptive_ttl_enabled, Kind::BOOLEAN, true, by: ANALYTICS
      later :performance_tracking_enabled, Kind::BOOLEAN, true, by: ANALYTICS
      later :hit_rate_smoothing_factor, Kind::NUMBER, 0.9, by: ANALYTICS
      later :access_frequency_decay_rate, Kind::NUMBER, 0.95, by: ANALYTICS
      later :min_adaptive_ttl, Kind::INTEGER, 30, by: ANALYTICS
      later :max_adaptive_ttl, Kind::INTEGER, 3600, by: ANALYTICS
      ignored :dashboard_cache_ttl, Kind::INTEGER, 120, why: NOT_MEASURED
      ignored :cache_pressure_threshold, Kind::NUMBER, 0.8, why: NOT_MEASURED
      ignored :adaptive_calculation_interval, Kind::INTEGER, 30, why: NOT_MEASURED

      def problems
        [
          *not_positive(:default_ttl, :min_adaptive_ttl, :max_adaptive_ttl, :dashboard_cache_ttl, :adaptive_calculation_interval),
          *no_fraction(:hit_rate_smoothing_factor, :access_frequency_decay_rate, :cache_pressure_threshold),
          *bounds_problem
        ]
      end

      private

      def bounds_problem
        return if min_adaptive_ttl < max_adaptive_ttl

        "min_adaptive_ttl (#{min_adaptive_ttl}) must be below max_adaptive_ttl (#{max_adaptive_ttl})"
      end
    end
  end
end
