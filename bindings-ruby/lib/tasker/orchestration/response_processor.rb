# frozen_string_literal: true

module Tasker
  module Orchestration
    # What a response means for the step:
    #
    # | status | |
    # |---|---|
    # | 200 to 226 | success |
    # | 400, 401, 403, 404, 422 | it will never work |
    # | everything else | it may work later: after `Retry-After`, where the service says so |
    class ResponseProcessor
      SUCCESS_CODES = (200..226)
      PERMANENT_ERROR_CODES = [400, 401, 403, 404, 422].freeze

      # How much of a body messages show, and failures keep.
      EXCERPT_CHARACTERS = 500
      private_constant :EXCERPT_CHARACTERS

      # @param config [StepHandler::Api::Config, nil] how long to wait where the service does not say
      # @param retry_parser [RetryHeaderParser]
      def initialize(config: nil, retry_parser: RetryHeaderParser.new)
        @config = config
        @retry_parser = retry_parser
      end

      # @param step [Step] the attempt
      # @param response [Faraday::Response, Hash] a Hash has `status`, `headers` and `body`
      # @return [nil] the response is a success
      # @raise [RetryableError] it may work later
      # @raise [PermanentError] it will never work
      # @raise [ArgumentError] this is no response
      def process_response(step, response)
        answer = StepHandler::Api::Response.of(response)
        raise ArgumentError, "a response has a status of HTTP's: #{response.class} has none" if answer.nil?
        return if SUCCESS_CODES.cover?(answer.status)

        raise failure(step, answer)
      end

      private

      def failure(step, answer)
        body = answer.excerpt(EXCERPT_CHARACTERS)
        said = body.empty? ? "" : ": #{body}"
        message = "the service answered #{answer.status} to the step '#{step.name}'#{said}"
        context = {step_name: step.name, response_status: answer.status, response_body: body}
        error_code = "HTTP_#{answer.status}"
        return PermanentError.new(message, error_code:, context:) if PERMANENT_ERROR_CODES.include?(answer.status)

        RetryableError.new(message, retry_after: retry_after(step, answer), error_code:, context:)
      end

      # The next attempt is never at once, whatever the service says.
      def retry_after(step, answer)
        header = answer.header("Retry-After")
        asked = @retry_parser.parse_retry_after(header) if header
        return [asked, 1].max if asked

        @config.wait_seconds(step.attempts) if @config.respond_to?(:wait_seconds)
      end
    end
  end
end
