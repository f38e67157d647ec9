# frozen_string_literal: true

module Tasker
  # The mounted interface: every route leads here, and everything that comes goes to the engine.
  class ApiController < ApplicationController
    # What the routes of the ancestor are called, so that filters may name them: `only: :create`.
    ACTIONS = %i[answer index show create update destroy show_namespace ready live status performance bottlenecks execute].freeze

    ACTIONS.each { |name| define_method(name) { answer_from_engine } }

    # The body is for the engine, which reads it while it comes: Rails must not. So it is not in `params`.
    # @api private
    def set_request!(request)
      super
      request.request_parameters = {}
    end

    # What the engine answers, unless something else was rendered. Rails' own response would keep a body from being closed.
    # @api private
    def to_a
      status, headers, body = super
      return [status, headers, body] unless @answer && response_body.equal?(@answer)

      [status, {**headers, **@hijack}, @answer]
    end

    private

    def answer_from_engine
      exchange = begin_exchange
      status, headers, body = exchange.answer
      give_up(exchange, exchange.failure) if exchange.failure && [403, 500].include?(status)

      @hijack = headers.slice("rack.hijack")
      self.status = status
      headers.except("rack.hijack").each { |name, value| response.set_header(name, value) }
      self.response_body = @answer = body
    ensure
      Logs.tell
    end

    def begin_exchange
      auth = Tasker.configuration.auth
      options = {principals: auth.authentication_enabled || auth.authorization_enabled}
      head = Http::Head.of(request.env, from: request.remote_ip, principal: tasker_principal)
      # A stream of events is asked about on a thread of its own, which must not keep a connection of ActiveRecord's.
      Http::Exchange.begin(Tasker.client, options, head, request.env) do |question|
        ::Rails.application.executor.wrap { tasker_may?(question) }
      end
    end

    # What the coordinator has raised is the application's: so that its handlers hear of it.
    def give_up(exchange, failure)
      exchange.close
      raise failure
    end
  end
end
