# frozen_string_literal: true

require_relative "../../unit_helper"

RSpec.describe Tasker::StepHandler::Api::Response do
  def body(body, type = "application/json")
    described_class.of({status: 200, headers: {"content-type" => type}, body:}).to_results["body"]
  end

  it "is what has one of HTTP's statuses" do
    expect(described_class.of({status: 204})).to have_attributes(status: 204, headers: {}, body: nil)
    expect(described_class.of(Struct.new(:status, :body).new(200, "ok"))).to have_attributes(status: 200, body: "ok")
    [nil, 200, "ok", {id: 1}, {status: "created"}, {status: 1}].each { |other| expect(described_class.of(other)).to be_nil }
  end

  it "finds headers in whatever case" do
    response = described_class.of({status: 200, headers: {"retry-after": "5"}})
    expect(response.header("Retry-After")).to eq("5")
  end

  it "reads JSON of whatever flavour" do
    expect(body('{"id":7}')).to eq({"id" => 7})
    expect(body('{"title":"no"}', "application/problem+json; charset=utf-8")).to eq({"title" => "no"})
    expect(body("[1]", "text/plain")).to eq("[1]")
  end

  it "keeps the text where it is no JSON although it says so" do
    expect(body("<html>")).to eq("<html>")
  end

  it "takes bytes for text where they are text, and never stores others" do
    expect(body("größe".b, "text/plain")).to eq("größe")
    expect(body("\xFF\xD8".b, "image/jpeg")).to eq({"content_type" => "image/jpeg", "bytesize" => 2})
    expect(body("a\0b", "text/plain")).to eq({"content_type" => "text/plain", "bytesize" => 3})
  end

  it "leaves a body that middleware has read" do
    expect(body({"id" => 7})).to eq({"id" => 7})
  end

  it "shows the beginning of a body" do
    expect(described_class.of({status: 500, body: "x" * 20}).excerpt(5)).to eq("xxxxx…")
    expect(described_class.of({status: 500, body: {error: 1}}).excerpt(20)).to eq('{"error":1}')
    expect(described_class.of({status: 500}).excerpt(20)).to eq("")
  end
end
