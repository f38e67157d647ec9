# frozen_string_literal: true

module Tasker
  module Registry
    # What all registries of this process have.
    class StatisticsCollector
      # How full a registry with so many things counts.
      UTILIZATION = {(..0) => "empty", (1..5) => "low", (6..20) => "medium", (21..50) => "high", (51..) => "very_high"}.freeze

      UTILIZATION_BONUS = {"empty" => -0.3, "low" => 0.0, "medium" => 0.2, "high" => 0.3, "very_high" => 0.1}.freeze
      DISTRIBUTION_BONUS = {"even" => 0.2, "skewed" => -0.1}.tap { |bonus| bonus.default = 0.0 }.freeze
      EFFICIENCY_AT_FIRST = 0.5

      # The variance of the counts from which namespaces are called unevenly filled.
      SKEWED_FROM = 2

      private_constant :UTILIZATION, :UTILIZATION_BONUS, :DISTRIBUTION_BONUS, :EFFICIENCY_AT_FIRST, :SKEWED_FROM

      class << self
        # @return [Array<BaseRegistry>]
        def registries = [HandlerFactory.instance]

        # @return [Hash{Symbol => Object}] `collection_timestamp`, `total_registries`, `registries` by name, `aggregated`
        def collect_all_registry_stats
          all = registries.to_h { |registry| [registry.registry_name, collect_registry_stats(registry)] }
          {collection_timestamp: Time.now, total_registries: all.size, registries: all, aggregated: aggregate(all.values)}
        end

        # @param registry [BaseRegistry]
        # @return [Hash{Symbol => Object}] its statistics, `health`, `performance`, `usage_patterns` and `recommendations`
        def collect_registry_stats(registry)
          stats = registry.stats
          usage = usage_patterns(stats)
          {
            **stats,
            health: registry.health_check,
            performance: performance(registry),
            usage_patterns: usage,
            recommendations: recommendations(registry, usage)
          }
        end

        # @return [Hash{Symbol => Object}] `overall_healthy`, `registry_count`, `healthy_registries`, `unhealthy_registries`, …
        def health_summary
          checks = registries.map do |registry|
            {registry_name: registry.registry_name, healthy: registry.healthy?, health_details: registry.health_check}
          end
          {
            overall_healthy: checks.all? { |check| check[:healthy] },
            registry_count: checks.size,
            healthy_registries: checks.count { |check| check[:healthy] },
            unhealthy_registries: checks.reject { |check| check[:healthy] },
            registries: checks,
            checked_at: Time.now
          }
        end

        # @param name_pattern [String, nil] part of a class name, in whatever case
        # @param health_status [Symbol, nil] :healthy or :unhealthy
        # @param min_items [Integer] how many things it has at the least
        # @return [Array<BaseRegistry>]
        def find_registries(name_pattern: nil, health_status: nil, min_items: 0)
          registries.select do |registry|
            (name_pattern.nil? || registry.class.name.match?(/#{name_pattern}/i)) &&
              (health_status.nil? || registry.healthy? == (health_status == :healthy)) &&
              items(registry.stats) >= min_items
          end
        end

        private

        def items(stats) = stats[:total_handlers] || stats[:total_plugins] || stats[:total_subscribers] || 0

        def performance(registry)
          {
            stats_response_time_ms: milliseconds { registry.stats },
            health_check_time_ms: milliseconds { registry.health_check },
            last_measured: Time.now
          }
        end

        def milliseconds
          started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
          yield
          ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000).round(3)
        end

        def usage_patterns(stats)
          utilization = UTILIZATION.find { |range, _| range.cover?(items(stats)) }.last
          distribution = distribution(stats[:handlers_by_namespace] || {})
          efficiency = EFFICIENCY_AT_FIRST + UTILIZATION_BONUS[utilization] + DISTRIBUTION_BONUS[distribution]
          {utilization:, distribution:, efficiency_score: efficiency.round(3).clamp(0.0, 1.0)}
        end

        def distribution(counts)
          return "empty" if counts.empty?
          return "single" if counts.one?

          mean = counts.values.sum.fdiv(counts.size)
          variance = counts.values.sum { |count| (count - mean)**2 } / counts.size
          variance < SKEWED_FROM ? "even" : "skewed"
        end

        def recommendations(registry, usage)
          [
            ("the registry cannot say what it has" unless registry.healthy?),
            ("nothing is registered" if usage[:utilization] == "empty"),
            ("one namespace has most of the handlers" if usage[:distribution] == "skewed")
          ].compact
        end

        def aggregate(all)
          healthy = all.count { |stats| stats[:health][:healthy] }
          scores = all.map { |stats| stats[:usage_patterns][:efficiency_score] }
          {
            total_registered_items: all.sum { |stats| items(stats) },
            overall_health_percentage: (healthy * 100).fdiv(all.size).round(1),
            average_efficiency_score: scores.sum.fdiv(scores.size).round(3),
            registry_count: all.size
          }
        end
      end
    end
  end
end
