# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Types::StepSequence do
  subject(:sequence) { described_class.new(steps: [validate, charge]) }

  let(:validate) { double("step", name: "validate", results: {"total" => 7}) }
  let(:charge) { double("step", name: "charge", results: {}) }

  it "finds steps by name, whether it is a String or a Symbol" do
    expect(sequence.find_step_by_name("validate")).to be(validate)
    expect(sequence.find_step_by_name(:charge)).to be(charge)
    expect(sequence.find_step_by_name("ship")).to be_nil
  end

  it "gives the results of a step, and names one that is not there" do
    expect(sequence.results("validate")).to eq({"total" => 7})
    expect { sequence.results("ship") }.to raise_error(KeyError, /no step 'ship'/)
  end

  it "keeps the order of its steps" do
    expect(sequence.map(&:name)).to eq(%w[validate charge])
  end
end
