# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Types::Value do
  kinds = Tasker::Types::Kind

  let(:point) do
    stub_const("Point", Class.new(described_class) do
      attribute :x, kinds::INTEGER
      attribute :y, kinds::INTEGER, default: 0
    end)
  end

  it "is made of keywords, or of one Hash with string or symbol keys" do
    expect([point.new(x: 1), point.new({"x" => 1}), point.new({x: 1}, y: 0)]).to all(eq(point.new(x: 1, y: 0)))
  end

  it "names an attribute that is missing" do
    expect { point.new(y: 1) }.to raise_error(ArgumentError, "Point needs 'x'")
  end

  it "names an attribute that it does not have, and a near one that it has" do
    stub_const("Long", Class.new(described_class) { attribute :distance, kinds::INTEGER, default: 0 })
    expect { Long.new(distence: 1) }.to raise_error(ArgumentError, "Long has no 'distence'; did you mean 'distance'?")
  end

  it "refuses a value of the wrong kind" do
    expect { point.new(x: "1") }.to raise_error(TypeError, 'x must be an Integer, not "1" (String)')
  end

  it "does not change" do
    expect(point.new(x: 1)).to be_frozen
  end

  it "is equal where its attributes are, and the same key of a Hash then" do
    expect(point.new(x: 1)).to eq(point.new(x: 1))
    expect({point.new(x: 1) => :found}[point.new(x: 1)]).to eq(:found)
    expect(point.new(x: 1)).not_to eq(point.new(x: 2))
    expect(point.new(x: 1)).not_to eq({x: 1, y: 0})
  end

  it "can be read as a Hash, by name, and by pattern" do
    value = point.new(x: 1)
    expect(value.to_h).to eq({x: 1, y: 0})
    expect([value[:x], value["y"], value[:z]]).to eq([1, 0, nil])
    expect((value in {x: Integer, y: 0})).to be(true)
  end

  it "knows what it was given, and keeps that when it is changed" do
    changed = point.new(x: 1).with(x: 2)
    expect(changed).to eq(point.new(x: 2))
    expect([changed.given?(:x), changed.given?(:y)]).to eq([true, false])
  end

  it "has the attributes of the class above, too" do
    solid = stub_const("Solid", Class.new(point) { attribute :z, kinds::INTEGER })
    expect(solid.new(x: 1, z: 3).to_h).to eq({x: 1, y: 0, z: 3})
    expect(point.attributes.keys).to eq(%i[x y])
  end
end
