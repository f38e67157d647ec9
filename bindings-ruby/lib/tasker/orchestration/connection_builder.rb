# frozen_string_literal: true

require "uri"

module Tasker
  module Orchestration
    # Makes connections of Faraday's. It is what loads Faraday.
    class ConnectionBuilder
      # @param config [StepHandler::Api::Config]
      # @yieldparam connection [Faraday::Connection] to be set up
      # @return [Faraday::Connection]
      # @raise [ArgumentError] the configuration has no usable `url`
      # @raise [LoadError] there is no gem faraday
      def build_connection(config)
        validate_config(config)
        load_faraday
        request = {timeout: config.timeout, open_timeout: config.open_timeout}.compact
        options = {url: config.url, params: config.params || {}, headers: config.headers || {}, ssl: config.ssl}.compact
        # The block comes on top of Faraday's defaults, which a block given to `new` would replace.
        Faraday.new(**options, request:).tap { |connection| yield connection if block_given? }
      end

      # @param config [StepHandler::Api::Config]
      # @return [void]
      # @raise [ArgumentError] it has no usable `url`
      def validate_config(config)
        url = config.respond_to?(:url) ? config.url.to_s.strip : ""
        raise ArgumentError, "an API handler needs a config with a url: handler_config: {type: api, url: https://…}" if url.empty?

        address = URI.parse(url)
        return if address.scheme && !address.host.to_s.empty?

        raise ArgumentError, "the url of an API handler needs a scheme and a host, as https://example.org has, not '#{url}'"
      rescue URI::InvalidURIError
        raise ArgumentError, "the url of an API handler is none: '#{url}'"
      end

      private

      def load_faraday
        require "faraday"
      rescue LoadError
        raise LoadError, "API handlers need the gem faraday: add `gem \"faraday\"` to the Gemfile"
      end
    end
  end
end
