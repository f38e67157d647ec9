# frozen_string_literal: true

require "time"

module Tasker
  module Orchestration
    # Reads `Retry-After`: a number of seconds, or a date. The engine caps what it asks for (`backoff.max_backoff_seconds`).
    class RetryHeaderParser
      # @param retry_after [String, Integer, nil] the header
      # @param now [Time]
      # @return [Integer, nil] seconds, 0 where there is no header or its date has passed; nil where it says neither
      def parse_retry_after(retry_after, now: Time.now)
        text = retry_after.to_s.strip
        return 0 if text.empty?
        return text.to_i if text.match?(/\A\d+\z/)

        [(Time.httpdate(text) - now).ceil, 0].max
      rescue ArgumentError
        nil
      end
    end
  end
end
