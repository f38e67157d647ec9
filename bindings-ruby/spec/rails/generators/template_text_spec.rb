# frozen_string_literal: true

require "generators/tasker/template_text"

RSpec.describe Tasker::Generators::TemplateText do
  def with_step(text, step) = described_class.new(text, "order.yaml").with_step(step)

  it "adds a step at the end of the list, and leaves everything else as it is" do
    expect(with_step(<<~BEFORE, "- name: ship\n  depends_on_step: charge")).to eq(<<~AFTER)
      # An order.
      name: order
      step_templates:
        - name: validate
        - name: charge  # the bank
          retry: {strategy: constant}

      # What is different where.
      environments: {}
    BEFORE
      # An order.
      name: order
      step_templates:
        - name: validate
        - name: charge  # the bank
          retry: {strategy: constant}
        - name: ship
          depends_on_step: charge

      # What is different where.
      environments: {}
    AFTER
  end

  it "follows the file in its indentation and its blank lines" do
    expect(with_step(<<~BEFORE, "- name: ship")).to eq(<<~AFTER)
      step_templates:
      - name: validate

      - name: charge
        description: |
          Takes the
          money.
    BEFORE
      step_templates:
      - name: validate

      - name: charge
        description: |
          Takes the
          money.

      - name: ship
    AFTER
  end

  it "knows the steps that are there" do
    expect(described_class.new("step_templates: \n  - {name: a}\n  - name: b\n", "order.yaml").step_names).to eq(%w[a b])
  end

  it "refuses a file without a list of steps" do
    expect { described_class.new("name: order\n", "order.yaml") }
      .to raise_error(Thor::Error, /order.yaml has no list of step_templates/)
    expect { described_class.new("step_templates: [{name: a}]\n", "order.yaml") }.to raise_error(Thor::Error)
  end
end
