# frozen_string_literal: true

require_relative "../unit_helper"
require "faraday"

RSpec.describe Tasker::Orchestration::ConnectionBuilder do
  def config(**) = Tasker::StepHandler::Api::Config.new(url: "https://example.org/v1", **)

  it "makes a connection as the configuration says" do
    options = {timeout: 5, open_timeout: 1, params: {lang: "de"}, ssl: {verify: false}}
    connection = described_class.new.build_connection(config(**options))
    expect(connection.url_prefix.to_s).to eq("https://example.org/v1")
    expect(connection.options).to have_attributes(timeout: 5, open_timeout: 1)
    expect([connection.params["lang"], connection.ssl.verify]).to eq(["de", false])
  end

  it "lets a block add to Faraday's defaults" do
    connection = described_class.new.build_connection(config) { |faraday| faraday.response(:raise_error) }
    expect(connection.builder.handlers).to eq([Faraday::Request::UrlEncoded, Faraday::Response::RaiseError])
  end

  it "refuses what leads nowhere" do
    [nil, "", "  ", "example.org", "https://", "https:// space"].each do |url|
      config = Tasker::StepHandler::Api::Config.new(url:)
      expect { described_class.new.validate_config(config) }.to raise_error(ArgumentError, /url/)
    end
    expect { described_class.new.validate_config(nil) }.to raise_error(ArgumentError, /needs a config with a url/)
  end
end
