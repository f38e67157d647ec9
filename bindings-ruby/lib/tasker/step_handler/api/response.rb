# frozen_string_literal: true

require "json"

module Tasker
  module StepHandler
    class Api
      # What a service answered, whether it comes as a response of Faraday's or as a Hash.
      class Response
        STATUSES = (100..599)
        private_constant :STATUSES

        # @return [Integer]
        attr_reader :status
        # @return [Hash{String => String}]
        attr_reader :headers
        # @return [Object]
        attr_reader :body

        # @param output [Object] what `process` returned
        # @return [Response, nil] nil where it is no response: its status is none of HTTP's
        def self.of(output)
          status, headers, body = parts_of(output)
          new(status, headers, body) if status.is_a?(Integer) && STATUSES.cover?(status)
        end

        def self.parts_of(output)
          case output
          when nil then nil
          when Hash then %w[status headers body].map { |name| output.fetch(name) { output[name.to_sym] } }
          else
            return unless output.respond_to?(:status) && output.respond_to?(:body)

            [output.status, (output.headers if output.respond_to?(:headers)), output.body]
          end
        end
        private_class_method :parts_of

        # @param status [Integer]
        # @param headers [Hash, nil]
        # @param body [Object]
        def initialize(status, headers, body)
          @status = status
          @headers = (headers || {}).to_h.transform_keys(&:to_s)
          @body = body
          freeze
        end

        # @param name [String] in whatever case
        # @return [String, nil]
        def header(name) = headers.find { |known, _| known.casecmp?(name) }&.last

        # @return [Hash] what is stored where the handler does not say otherwise
        def to_results = {"status" => status, "headers" => headers, "body" => storable_body}

        # @param characters [Integer]
        # @return [String] the beginning of the body, for messages
        def excerpt(characters)
          text = body.is_a?(String) ? as_text(body).scrub : body&.to_json.to_s
          text.length > characters ? "#{text[0, characters]}…" : text
        end

        private

        def storable_body
          return body unless body.is_a?(String)

          text = as_text(body)
          return {"content_type" => header("Content-Type"), "bytesize" => body.bytesize} unless storable?(text)

          json? ? JSON.parse(text) : text
        rescue JSON::ParserError
          text
        end

        # Faraday gives bytes; what they say in UTF-8 is text.
        def as_text(body) = body.encoding == Encoding::BINARY ? body.dup.force_encoding(Encoding::UTF_8) : body

        # PostgreSQL stores neither what is no text, nor U+0000.
        def storable?(text) = text.valid_encoding? && !text.include?("\0")

        def json? = header("Content-Type").to_s.match?(%r{\A[^;]*[/+]json\b}i)
      end
    end
  end
end
