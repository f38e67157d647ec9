# frozen_string_literal: true

require "active_support/core_ext/hash/indifferent_access"

module Tasker
  module StepHandler
    class Api
      # Where a service is, and how it is called: `handler_config` with `type: api`, or made in code.
      class Config
        DEFAULT_HEADERS = {"Content-Type" => "application/json", "Accept" => "application/json"}.freeze

        # @return [String] the address of the service
        attr_accessor :url
        # @return [Hash] parameters of every request
        attr_accessor :params
        # @return [Hash, nil] options of TLS, as Faraday takes them
        attr_accessor :ssl
        # @return [Hash] headers of every request
        attr_accessor :headers
        # @return [Boolean] whether waits grow from attempt to attempt; else each is `retry_delay`
        attr_accessor :enable_exponential_backoff
        # @return [Numeric] by which fraction waits are longer
        attr_accessor :jitter_factor
        # @return [Numeric, nil] seconds that a request may take
        attr_accessor :timeout
        # @return [Numeric, nil] seconds that connecting may take
        attr_accessor :open_timeout
        # @return [Numeric, nil] seconds between attempts, or the first of them
        attr_writer :retry_delay

        # @return [Hash] everything that the template says, keys of the handler's own among it
        attr_reader :settings

        # Makes one of what a template says. What it leaves out, or says to be nil, has its default.
        #
        # @param given [Config, Hash, nil]
        # @return [Config, nil]
        def self.from(given)
          return given unless given.is_a?(Hash)

          settings = given.with_indifferent_access.freeze
          known = instance_method(:initialize).parameters.map(&:last) - [:settings]
          options = known.to_h { |name| [name, settings[name]] }.compact
          options[:timeout] ||= settings[:timeout_seconds]
          new(url: nil, **options, settings:)
        end

        # @param url [String] the address of the service
        # @param params [Hash] parameters of every request
        # @param ssl [Hash, nil] options of TLS, as Faraday takes them
        # @param headers [Hash] headers of every request
        # @param enable_exponential_backoff [Boolean] whether waits grow from attempt to attempt
        # @param retry_delay [Numeric, nil] seconds to wait after the first attempt; where it is left out, the retry policy of the
        #   step or of the engine decides
        # @param jitter_factor [Numeric] by which fraction waits that follow from `retry_delay` are longer
        # @param timeout [Numeric, nil] seconds that a request may take
        # @param open_timeout [Numeric, nil] seconds that connecting may take
        # @param settings [Hash] everything that the template says
        def initialize(
          url:,
          params: {},
          ssl: nil,
          headers: DEFAULT_HEADERS,
          enable_exponential_backoff: true,
          retry_delay: nil,
          jitter_factor: 0,
          timeout: nil,
          open_timeout: nil,
          settings: {}.freeze
        )
          @url = url
          @params = params
          @ssl = ssl
          @headers = headers
          @enable_exponential_backoff = enable_exponential_backoff
          @retry_delay = retry_delay
          @jitter_factor = jitter_factor
          @timeout = timeout
          @open_timeout = open_timeout
          @settings = settings
        end

        # @return [Numeric] seconds to wait after the first attempt
        def retry_delay = @retry_delay || 1.0

        # @return [Hash] the headers of a configuration that names none
        def default_headers = DEFAULT_HEADERS

        # @param name [String, Symbol]
        # @return [Object, nil] what the template says under that key
        def [](name) = settings[name]

        # How long to wait after an attempt, where the service does not say.
        #
        # @param attempt [Integer] from 1
        # @return [Numeric, nil] seconds; nil where the retry policy of the step or of the engine decides
        def wait_seconds(attempt)
          return if @retry_delay.nil? && enable_exponential_backoff

          growth = enable_exponential_backoff ? 2**[attempt.to_i - 1, 0].max : 1
          retry_delay * growth * (1 + jitter_factor.to_f)
        end
      end
    end
  end
end
