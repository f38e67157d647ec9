# frozen_string_literal: true

require "json"

module Tasker
  module Http
    # The head of a request, as the engine takes it, made of what Rack says.
    # @api private
    module Head
      # What may not stand in a target as it is. Servers differ in whether they have decoded a path.
      UNSAFE_IN_PATH = %r{[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]}n
      UNSAFE_IN_QUERY = %r{[^A-Za-z0-9\-._~!$&'()*+,;=:@/%?]}n
      WITHOUT_PREFIX = {"CONTENT_TYPE" => "content-type", "CONTENT_LENGTH" => "content-length"}.freeze
      private_constant :UNSAFE_IN_PATH, :UNSAFE_IN_QUERY, :WITHOUT_PREFIX

      module_function

      # @param env [Hash] of Rack
      # @param from [String, nil] the address of the client
      # @param principal [Hash, nil] who asks; see {App#initialize}
      # @return [String] the text of a JSON object
      def of(env, from: env["REMOTE_ADDR"], principal: nil)
        JSON.generate(
          method: env["REQUEST_METHOD"], target: target(env), prefix: text(env["SCRIPT_NAME"].to_s), headers: headers(env),
          from: from.presence, principal:
        )
      end

      def target(env)
        query = env["QUERY_STRING"].to_s
        path = escaped(env["PATH_INFO"].to_s, UNSAFE_IN_PATH)
        path = "/#{path}" unless path.start_with?("/")
        query.empty? ? path : "#{path}?#{escaped(query, UNSAFE_IN_QUERY)}"
      end

      def headers(env)
        env.filter_map do |key, value|
          name = WITHOUT_PREFIX[key] || (key.delete_prefix("HTTP_").downcase.tr("_", "-") if key.start_with?("HTTP_"))
          # Some servers note the version of the protocol as if it were a header.
          next if name.nil? || value.to_s.empty? || (key == "HTTP_VERSION" && value.start_with?("HTTP/"))

          [name, text_or_bytes(value.to_s)]
        end
      end

      def escaped(text, unsafe) = text.b.gsub(unsafe) { |byte| format("%%%02X", byte.ord) }.force_encoding(Encoding::UTF_8)

      # A path is bytes, and nearly always text.
      def text(bytes)
        text = text_or_bytes(bytes)
        text.is_a?(String) ? text : bytes.dup.force_encoding(Encoding::ISO_8859_1).encode(Encoding::UTF_8)
      end

      # What is no UTF-8 is for the engine to judge.
      def text_or_bytes(bytes)
        text = bytes.dup.force_encoding(Encoding::UTF_8)
        text.valid_encoding? ? text : bytes.bytes
      end

      private_class_method :target, :headers, :escaped, :text, :text_or_bytes
    end
  end
end
