# frozen_string_literal: true

require "zlib"

module Tasker
  module Testing
    # A handler that fails at random. With a seed the same attempts of the same steps fail in every run.
    class RandomFailureHandler < StepHandler::Base
      # @param config [Hash, nil] the same options
      # @param failure_probability [Float] from 0 to 1
      # @param failure_message [String]
      # @param seed [Integer, nil]
      def initialize(config: nil, failure_probability: nil, failure_message: nil, seed: nil)
        super(config:)
        given = (config || {}).with_indifferent_access
        @failure_probability = failure_probability || given.fetch(:failure_probability, 0.3)
        @failure_message = failure_message || given.fetch(:failure_message, "Random test failure")
        @seed = seed || given[:seed]
      end

      # @return [Hash] `success`, `attempt`
      # @raise [RuntimeError] at random
      def process(_task, _sequence, step)
        raise @failure_message if random(step).rand < @failure_probability

        {success: true, attempt: step.attempts}
      end

      private

      def random(step) = @seed ? Random.new(@seed ^ Zlib.crc32("#{step.name} #{step.attempts}")) : Random.new
    end
  end
end
