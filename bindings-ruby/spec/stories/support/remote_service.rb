# frozen_string_literal: true

require "faraday"
require "json"
require_relative "mock_service"

# A service that is called over HTTP: its operations answer `[status, headers, body]`, and so does what `fail_next` is given.
class RemoteService < MockService
  JSON_HEADERS = {"Content-Type" => "application/json"}.freeze

  def reset
    super
    @answers = {}
  end

  private

  # Notes a call; the answer that it is to have, else that of the block. The same key again has the same answer as before.
  def answer(operation, key: nil, **arguments)
    outage = called(operation, **arguments)
    return outage if outage
    return yield if key.nil?

    @answers[key] ||= yield
  end

  def json(status, body) = [status, JSON_HEADERS, JSON.generate(body)]
end
