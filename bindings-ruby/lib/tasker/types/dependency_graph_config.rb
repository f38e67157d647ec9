# frozen_string_literal: true

module Tasker
  module Types
    # The weights by which the analysis of a task's graph tells what holds it up.
    class DependencyGraphConfig < BaseConfig
      ANALYSIS = "the analysis of a task's graph"
      private_constant :ANALYSIS

      # A table of numbers, and its default.
      def self.weights(name, **numbers) = used(name, Kind.table(numbers), numbers, by: ANALYSIS)
      private_class_method :weights

      block :dependency_graph

      weights :impact_multipliers,
        downstream_weight: 5, blocked_weight: 15, path_length_weight: 10, completed_penalty: 15, blocked_penalty: 25,
        error_penalty: 30, retry_penalty: 10
      weights :severity_multipliers, error_state: 2.0, exhausted_retry_bonus: 0.5, dependency_issue: 1.2
      weights :penalty_constants, retry_instability: 3, non_retryable: 10, exhausted_retry: 20
      weights :severity_thresholds, critical: 100, high: 50, medium: 20
      weights :duration_estimates, base_step_seconds: 30, error_penalty_seconds: 60, retry_penalty_seconds: 30

      def problems
        self.class.options.keys.flat_map do |table|
          public_send(table).reject { |_, weight| weight.is_a?(Numeric) }
            .map { |name, weight| "#{table}.#{name} must be a number, not #{Kind.shown(weight)}" }
        end
      end
    end
  end
end
