# frozen_string_literal: true

require_relative "../../unit_helper"

RSpec.describe Tasker::StepHandler::Api::Config do
  it "has the ancestor's defaults" do
    config = described_class.new(url: "https://example.org")
    expect(config.headers).to eq({"Content-Type" => "application/json", "Accept" => "application/json"})
    expect([config.params, config.ssl, config.enable_exponential_backoff, config.retry_delay]).to eq([{}, nil, true, 1.0])
  end

  it "has its defaults where a template leaves something out, or says nil" do
    config = described_class.from({"type" => "api", "url" => "https://example.org", "headers" => nil})
    expect(config.headers).to eq(config.default_headers)
    expect(config.enable_exponential_backoff).to be(true)
  end

  it "keeps keys of the handler's own" do
    config = described_class.from({"url" => "https://example.org", "endpoint" => "/orders"})
    expect([config[:endpoint], config["endpoint"], config[:other]]).to eq(["/orders", "/orders", nil])
  end

  it "gives a request the time that an attempt has, where nothing else says so" do
    expect(described_class.from({"url" => "x", "timeout_seconds" => 20}).timeout).to eq(20)
    expect(described_class.from({"url" => "x", "timeout_seconds" => 20, "timeout" => 5}).timeout).to eq(5)
  end

  it "takes itself, and nothing" do
    config = described_class.new(url: "x")
    expect(described_class.from(config)).to be(config)
    expect(described_class.from(nil)).to be_nil
  end

  describe "#wait_seconds" do
    def waits(**options) = (1..3).map { |attempt| described_class.new(url: "x", **options).wait_seconds(attempt) }

    it "leaves the wait to the policy of the step where nothing says so" do
      expect(waits).to eq([nil, nil, nil])
    end

    it "doubles a delay that was given" do
      expect(waits(retry_delay: 5)).to eq([5, 10, 20])
    end

    it "keeps to the delay where waits do not grow" do
      expect(waits(retry_delay: 5, enable_exponential_backoff: false)).to eq([5, 5, 5])
      expect(waits(enable_exponential_backoff: false)).to eq([1, 1, 1])
    end

    it "makes waits longer by the jitter, never shorter" do
      expect(waits(retry_delay: 4, jitter_factor: 0.5)).to eq([6, 12, 24])
    end
  end
end
