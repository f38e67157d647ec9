# frozen_string_literal: true

require_relative "../unit_helper"
require "active_support/core_ext/integer/time"

RSpec.describe Tasker::Types::Kind do
  def read(kind, value) = kind.read(value, "it")

  it "names what was wrong, what was expected, and what came instead" do
    expect { described_class::INTEGER.read("three", "default_retry_limit") }
      .to raise_error(TypeError, 'default_retry_limit must be an Integer, not "three" (String)')
  end

  it "shows no more of a long value than its beginning" do
    expect { read(described_class::INTEGER, "x" * 1000) }.to raise_error(TypeError, /x{59}… \(String\)\z/)
  end

  it "reads a Symbol as a String, and freezes what it keeps" do
    expect(read(described_class::STRING, :name)).to eq("name")
    expect(read(described_class::STRING, +"text")).to be_frozen
  end

  it "reads a duration of ActiveSupport's as a number" do
    expect(read(described_class::INTEGER, 5.minutes)).to eq(300).and be_an_instance_of(Integer)
    expect(read(described_class::NUMBER, 1.5.minutes)).to eq(90)
  end

  it "keeps integers integers, and refuses what is no number" do
    expect(read(described_class::NUMBER, 300)).to be_an_instance_of(Integer)
    expect(read(described_class::NUMBER, 0.5)).to eq(0.5)
    [nil, "1", Float::NAN, Float::INFINITY].each do |value|
      expect { read(described_class::NUMBER, value) }.to raise_error(TypeError)
    end
  end

  it "takes nothing but true and false for a Boolean" do
    expect(read(described_class::BOOLEAN, false)).to be(false)
    [nil, 1, "true"].each { |value| expect { read(described_class::BOOLEAN, value) }.to raise_error(TypeError) }
  end

  it "takes nil where a value is optional, and says so" do
    optional = described_class::INTEGER.optional
    expect(read(optional, nil)).to be_nil
    expect { read(optional, "x") }.to raise_error(TypeError, /must be an Integer or nil/)
  end

  it "checks every member of a list" do
    expect(read(described_class::STRINGS, [:a, "b"])).to eq(%w[a b])
    expect { read(described_class::STRINGS, ["a", 1]) }.to raise_error(TypeError, /must be an Array of Strings/)
    expect { read(described_class::STRINGS, "a") }.to raise_error(TypeError)
  end

  it "reads a word as it was listed" do
    kind = described_class.one_of(:default, :hash)
    expect(read(kind, "hash")).to be(:hash)
    expect { read(kind, :hsah) }.to raise_error(TypeError, /must be one of :default, :hash/)
  end

  it "fills a table up with its defaults, and refuses keys that it does not have" do
    kind = described_class.table({critical: 100, high: 50})
    expect(read(kind, {"critical" => 200})).to eq({critical: 200, high: 50})
    expect { read(kind, {critcal: 1}) }.to raise_error(TypeError, /no key 'critcal' here; did you mean 'critical'\?/)
  end

  it "keeps a Hash as a frozen copy, all the way down" do
    given = {cart: {items: [+"apple"]}}
    kept = read(described_class::HASH, given)
    given[:cart][:items].first << "s"
    expect(kept).to eq({cart: {items: ["apple"]}})
    expect([kept, kept[:cart], kept[:cart][:items], kept[:cart][:items].first]).to all(be_frozen)
  end

  it "knows a class by its name" do
    expect(read(described_class::CLASS_NAME, String)).to eq("String")
    expect(read(described_class::CLASS_NAME, "Not::There")).to eq("Not::There")
    expect { read(described_class::CLASS_NAME, Class.new) }.to raise_error(TypeError)
  end

  it "reads a time, and the text of one" do
    expect(read(described_class::TIME, "2026-11-27T12:00:00Z")).to eq(Time.utc(2026, 11, 27, 12))
    expect { read(described_class::TIME, "yesterday") }.to raise_error(TypeError, /a Time, or its text in ISO 8601/)
  end
end
