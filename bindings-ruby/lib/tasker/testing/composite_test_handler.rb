# frozen_string_literal: true

module Tasker
  module Testing
    # A handler with a list of patterns, of which the first that applies to an attempt decides:
    #
    #   patterns:
    #     - {type: execution_range, min_execution: 1, max_execution: 2, action: fail, message: warming up}
    #     - {type: probability, probability: 0.1, action: fail}
    #     - {type: always, action: delay, delay_seconds: 0.1}
    class CompositeTestHandler < StepHandler::Base
      # @param config [Hash, nil] the same option
      # @param patterns [Array<Hash>]
      def initialize(config: nil, patterns: nil)
        super(config:)
        @patterns = (patterns || (config || {}).with_indifferent_access.fetch(:patterns, [])).map(&:with_indifferent_access)
      end

      # @return [Hash] `success`, `execution_count`, and what the pattern has
      # @raise [RuntimeError] by a pattern whose action is `fail`
      def process(_task, _sequence, step)
        pattern = @patterns.find { |one| applies?(one, step.attempts) }
        case pattern&.[](:action)&.to_s
        when "fail" then raise pattern[:message] || "Composite pattern failure"
        when "delay" then step.wait_cancelled(pattern.fetch(:delay_seconds, 0.1))
        end
        {success: true, execution_count: step.attempts, **pattern.to_h.symbolize_keys}
      end

      private

      def applies?(pattern, attempt)
        case pattern[:type].to_s
        when "execution_range" then attempt.between?(pattern[:min_execution], pattern[:max_execution])
        when "probability" then rand < pattern[:probability]
        else pattern[:type].to_s == "always"
        end
      end
    end
  end
end
