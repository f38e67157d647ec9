# frozen_string_literal: true

module Tasker
  module Http
    # The interface as a Rack application. It may be mounted under any path.
    class App
      OPTIONS = %i[allow_unauthenticated body_bytes bulk_bytes timeout_seconds].freeze
      private_constant :OPTIONS

      # @param client [Client, nil] else {Tasker.client}, as it is when a request comes
      # @param principal [#call, nil] who asks: takes the env of Rack, and gives nil where nobody is known, or a Hash of `name` (for
      #   the trail), `roles` (of the setting `auth.roles`), `permissions` (`["tasker.task:show", "tasker.handler:*"]`), and `ambient`
      #   (whether a cookie says so, and no CSRF token was checked). It is not called for probes. Without it, everybody may do
      #   everything, but not where production is declared
      # @param decide [#call, nil] whether it may be done: takes a question (`resource`, `action`, `resource_id`, `parent_id`) and the
      #   env. Without it, roles and permissions decide
      # @param options [Hash] `allow_unauthenticated`, `body_bytes`, `bulk_bytes`, `timeout_seconds`
      # @raise [ArgumentError] there is no such option, or nobody says who asks where it is to be decided
      def initialize(client = nil, principal: nil, decide: nil, **options)
        unknown = (options.keys - OPTIONS).first
        raise ArgumentError, "there is no option '#{unknown}' here#{Suggestion.for(unknown, OPTIONS)}" if unknown
        raise ArgumentError, "decide: is asked about whom principal: knows; give both" if decide && principal.nil?

        @client = client
        @principal = principal
        @decide = decide
        @options = {principals: !principal.nil?, **options}.freeze
      end

      # @param env [Hash] of Rack
      # @return [Array(Integer, Hash, #each)]
      def call(env)
        exchange(env).answer
      ensure
        Logs.tell
      end

      private

      def exchange(env)
        head = Head.of(env, principal: principal(env))
        Exchange.begin(@client || Tasker.client, @options, head, env) { |question| @decide.call(question, env) }
      rescue Principal::NobodyError => e
        Exchange.failed(e.message, env)
      end

      def principal(env)
        known = @principal&.call(env) unless Http.open?(env["PATH_INFO"])
        known && {**Principal.checked(known), decides: !@decide.nil?}
      end
    end
  end
end
