# frozen_string_literal: true

require_relative "../unit_helper"
require "faraday"

RSpec.describe Tasker::StepHandler::Api do
  let(:stubs) { Faraday::Adapter::Test::Stubs.new }
  let(:step) { Unit.step(context: {order_id: 7}) }
  let(:config) { {type: "api", url: "https://shop.example"} }

  # A handler whose service answers what the stubs say.
  def handler(handler_class = described_class, config: self.config, &process)
    stubs = self.stubs
    Class.new(handler_class) do
      define_method(:process, &process) if process
    end.new(config:) { |connection| connection.adapter(:test, stubs) }
  end

  def answer(status, body = "", headers = {}) = stubs.get("/orders/7") { [status, headers, body] }

  def run(handler = fetch) = handler.handle(step.task, step.sequence, step)

  def fetch(**) = handler(**) { |task, _sequence, _step| connection.get("/orders/#{task.context[:order_id]}") }

  it "stores status, headers and body, a body in JSON as what it says" do
    answer(200, '{"id":7}', {"Content-Type" => "application/json; charset=utf-8"})
    run
    expect(step.results).to match({"status" => 200, "headers" => hash_including("Content-Type"), "body" => {"id" => 7}})
    expect(Tasker::Values.to_json(step.results)).to include('"body":{"id":7}')
  end

  it "gives process_results the response itself" do
    answer(200, "seven")
    api = Class.new(described_class) { def process_results(step, response, _initial) = step.results = {text: response.body} }
    run(handler(api) { |*| connection.get("/orders/7") })
    expect(step.results).to eq({"text" => "seven"})
  end

  it "takes a Hash for a response" do
    run(handler { |*| {status: 201, headers: {"X-Id" => "7"}, body: {"id" => 7}} })
    expect(step.results).to eq({"status" => 201, "headers" => {"X-Id" => "7"}, "body" => {"id" => 7}})
    expect { run(handler { |*| {"status" => 422, "body" => "no"} }) }.to raise_error(Tasker::PermanentError)
  end

  it "takes anything else for the results" do
    run(handler { |*| {status: "created", id: 7} })
    expect(step.results).to eq({"status" => "created", "id" => 7})
  end

  it "does not try again what the service refuses" do
    answer(422, '{"error":"no such order"}')
    expect { run }.to raise_error(Tasker::PermanentError) { |error|
      expect(error.error_code).to eq("HTTP_422")
      expect(error.message).to include("answered 422 to the step 'charge'", "no such order")
    }
  end

  it "tries again when the service asks for it" do
    answer(429, "", {"Retry-After" => "30"})
    expect { run }.to raise_error(Tasker::RetryableError) { |error|
      expect(error).to have_attributes(retry_after: 30, error_code: "HTTP_429")
    }
  end

  it "tries again what the middleware raises, by the same rules" do
    answer(503, "closed", {"Retry-After" => "60"})
    stubs = self.stubs
    raising = Class.new(described_class) { def process(*) = connection.get("/orders/7") }.new(config:) do |connection|
      connection.response(:raise_error)
      connection.adapter(:test, stubs)
    end
    expect { run(raising) }.to raise_error(Tasker::RetryableError) { |error|
      expect(error.retry_after).to eq(60)
      expect(error.cause).to be_a(Faraday::ServerError)
    }
  end

  it "lets the failure of a connection through, which may be tried again" do
    stubs.get("/orders/7") { raise Faraday::ConnectionFailed, "refused" }
    expect { run }.to raise_error(Faraday::ConnectionFailed, "refused")
  end

  it "lets what a handler says about its attempt through" do
    expect { run(handler { |*| raise Tasker::RetryableError.new("busy", retry_after: 5) }) }
      .to raise_error(Tasker::RetryableError) { |error| expect(error.retry_after).to eq(5) }
  end

  it "sends the headers and parameters of its configuration" do
    seen = nil
    stubs.get("/orders/7") do |request|
      seen = request
      [200, {}, ""]
    end
    run(fetch(config: config.merge(headers: {"X-Key" => "k"}, params: {lang: "de"})))
    expect(seen.request_headers).to include("X-Key" => "k")
    expect(seen.url.query).to eq("lang=de")
  end

  it "asks for JSON where the configuration names no headers" do
    seen = nil
    stubs.get("/orders/7") do |request|
      seen = request.request_headers
      [200, {}, ""]
    end
    run(fetch(config: {type: "api", url: "https://shop.example", headers: nil}))
    expect(seen).to include("Accept" => "application/json", "Content-Type" => "application/json")
  end

  it "says what is missing when there is no address" do
    expect { run(fetch(config: nil)) }.to raise_error(ArgumentError, /needs a config with a url/)
    expect { run(fetch(config: {type: "api", url: "shop"})) }.to raise_error(ArgumentError, /needs a scheme and a host.*'shop'/)
  end

  it "connects when it is asked to, and not before" do
    expect { described_class.new }.not_to raise_error
  end
end
