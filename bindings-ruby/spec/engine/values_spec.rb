# frozen_string_literal: true

require "active_support/time"
require "json"

RSpec.describe Tasker::Values do
  vectors = JSON.parse(File.read(File.expand_path("../../../tests/vectors/values.json", __dir__)), max_nesting: false)

  vectors["accept"].each do |vector|
    it "reads #{vector["name"]}, and writes what is read alike" do
      value = described_class.from_json(vector["text"])
      expect(described_class.from_json(described_class.to_json(value))).to eq(value)
    end
  end

  it "keeps whole numbers to the last digit" do
    numbers = [-(2**63), 2**53 + 1, 2**64 - 1]
    expect(described_class.from_json(described_class.to_json(numbers))).to eq(numbers)
  end

  it "writes what Ruby has and JSON has not" do
    point = Struct.new(:x, :y)
    value = {
      at: Time.new(2026, 1, 1, 2, 0, 0, "+02:00"),
      zoned: Time.utc(2026, 1, 1).in_time_zone("Europe/Berlin"),
      micro: Time.at(0, 123_456, :usec),
      on: Date.new(2026, 1, 2),
      amount: BigDecimal("1.10"),
      symbol: :paid,
      point: point.new(1, nil),
      pair: Data.define(:a).new(a: [1, true]),
      1 => {nil => 2}
    }
    expect(JSON.parse(described_class.to_json(value))).to eq(
      "at" => "2026-01-01T00:00:00Z", "zoned" => "2026-01-01T00:00:00Z", "micro" => "1970-01-01T00:00:00.123456Z",
      "on" => "2026-01-02", "amount" => "1.1", "symbol" => "paid", "point" => {"x" => 1, "y" => nil}, "pair" => {"a" => [1, true]},
      "1" => {"" => 2}
    )
  end

  it "asks an object what it means by its own as_json" do
    money = Class.new { def as_json(*) = {cents: 110} }
    expect(described_class.to_json(money.new)).to eq('{"cents":110}')
  end

  cyclic = []
  cyclic << cyclic
  {
    "bytes" => "\xff".b, "invalid UTF-8" => "\xff", "NaN" => Float::NAN, "infinity" => -Float::INFINITY,
    "a decimal that is no number" => BigDecimal("NaN"), "a set" => Set[1], "a range" => (1..2), "an object" => Object.new,
    "a class" => String, "an exception" => RuntimeError.new("no"), "a list as a key" => {[1] => 2}, "a file" => $stdout,
    "what contains itself" => cyclic, "what is nested too deeply" => (1..200).reduce(nil) { |inner, _| [inner] }
  }.each do |what, value|
    it "refuses #{what}" do
      expect { described_class.to_json(value) }.to raise_error(described_class::NotSerializable)
    end
  end

  it "lets strings and symbols read objects alike, at every depth" do
    value = described_class.indifferent({"a" => [{"b" => 1}]})
    expect(value[:a].first[:b]).to eq(1)
  end
end
