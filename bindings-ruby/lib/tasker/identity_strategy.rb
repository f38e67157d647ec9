# frozen_string_literal: true

require "digest"
require "json"
require "securerandom"
require "active_support/core_ext/object/json"

module Tasker
  # Says which requests are the same task, where `engine.identity_strategy` is `:custom`: a class with
  # `generate_identity_hash(task, options)`, whose answer becomes the idempotency key of the request.
  #
  #   class OncePerOrder < Tasker::IdentityStrategy
  #     def generate_identity_hash(_task, options) = "order-#{options[:context][:order_id]}"
  #   end
  #
  #   Tasker.configure do |config|
  #     config.engine.identity_strategy = :custom
  #     config.engine.identity_strategy_class = "OncePerOrder"
  #   end
  #
  # This one tells every request from every other.
  class IdentityStrategy
    # What a strategy gets of a request; its time is cut to the minute.
    OPTIONS = %i[name initiator source_system context reason bypass_steps requested_at].freeze

    # @param _task [Types::TaskRequest] the request
    # @param _options [Hash{Symbol => Object}] {OPTIONS} of it
    # @return [String] the same for what is the same task
    def generate_identity_hash(_task, _options) = SecureRandom.uuid

    class << self
      # Gives a request its idempotency key, where the application's own code makes them.
      #
      # @param request [Types::TaskRequest, Hash] a Hash is that of {Client#create_task}, with its `name`
      # @param config [Types::EngineConfig]
      # @return [Types::TaskRequest, Hash] the same where there is nothing to do: another strategy counts, or the request has a key
      # @raise [ConfigurationError] the strategy is not there, or gives no key
      def complete(request, config = Tasker.configuration.engine)
        return request unless config.identity_strategy == :custom && request[:idempotency_key].nil?

        key = key_of(request.is_a?(Hash) ? Types::TaskRequest.new({context: {}, **request}) : request, config)
        request.is_a?(Hash) ? {**request, idempotency_key: key} : request.with(idempotency_key: key)
      end

      private

      def key_of(request, config)
        options = OPTIONS.to_h { |name| [name, request.public_send(name)] }
        options[:requested_at] = request.requested_at.strftime("%Y-%m-%d %H:%M")
        key = strategy(config).generate_identity_hash(request, options)
        return key if key.is_a?(String) && !key.empty?

        raise ConfigurationError,
          "#{config.identity_strategy_class}#generate_identity_hash must give a String that is not empty, not #{key.inspect}"
      end

      def strategy(config)
        config.identity_strategy_instance
      rescue ArgumentError => e
        raise ConfigurationError, e.message
      end
    end
  end

  # Tells requests apart by what is in them; the order of keys does not matter. For strategies of an application's own: where
  # `engine.identity_strategy` is `:hash`, the database does this, and for a time only.
  class HashIdentityStrategy < IdentityStrategy
    # @return [String] the SHA-256 of the options, in hexadecimal
    def generate_identity_hash(_task, options) = Digest::SHA256.hexdigest(JSON.generate(sorted(options.as_json)))

    private

    def sorted(value)
      case value
      when Hash then value.sort.to_h { |key, member| [key, sorted(member)] }
      when Array then value.map { |member| sorted(member) }
      else value
      end
    end
  end
end
