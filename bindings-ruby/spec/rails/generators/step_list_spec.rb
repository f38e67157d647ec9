# frozen_string_literal: true

require "generators/tasker/step_list"

RSpec.describe Tasker::Generators::StepList do
  def parsed(*arguments) = described_class.new(arguments) { |name| name.tr("-", "_") }

  def parents(...) = parsed(...).to_h { |step| [step.name, step.parents] }

  it "makes each step wait for the one before it" do
    expect(parents("validate-cart", "charge", "ship"))
      .to eq("validate_cart" => [], "charge" => ["validate_cart"], "ship" => ["charge"])
    expect(parsed("validate", "charge")).to be_chain
  end

  it "makes a step wait for what it names, or for nothing" do
    expect(parents("a:", "b:", "c:a,b")).to eq("a" => [], "b" => [], "c" => %w[a b])
    expect(parsed("a:", "b:", "c:a,b")).not_to be_chain
  end

  it "refuses a step that stands there twice" do
    expect { parsed("a", "a") }.to raise_error(Thor::Error, "the step 'a' stands there twice")
  end

  it "refuses a step that waits for one that does not stand before it, so that there is no cycle" do
    expect { parsed("a:b", "b") }.to raise_error(Thor::Error, "'a' waits for 'b', which does not stand before it")
  end
end
