# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Types::StepTemplate do
  let(:handler_class) { stub_const("ChargeHandler", Class.new(Tasker::StepHandler::Base)) }

  it "has the ancestor's defaults" do
    template = described_class.new(name: "charge", handler_class:)
    expect(template.to_h).to include(
      description: "charge", default_retryable: true, default_retry_limit: 3, skippable: false, depends_on_step: nil,
      depends_on_steps: [], handler_config: nil, custom_events: []
    )
  end

  it "looks a class up that it knows by its name" do
    template = described_class.new(name: "charge", handler_class: "ChargeHandler")
    expect { template.handler_class }.to raise_error(NameError)
    handler_class
    expect(template.handler_class).to be(handler_class)
    expect(template.handler_class_name).to eq("ChargeHandler")
  end

  it "waits for one step and for several, each once" do
    template = described_class.new(name: "c", handler_class:, depends_on_step: "a", depends_on_steps: %w[b a])
    expect(template.all_dependencies).to eq(%w[a b])
  end

  it "says itself as a template does" do
    template = described_class.new(
      name: "charge", handler_class:, depends_on_step: "validate", handler_config: {currency: "EUR"}, timeout_seconds: 20,
      retry: {strategy: "constant", base_seconds: 5}
    )
    expect(template.to_template("ChargeHandler")).to eq({
      "name" => "charge", "handler" => "ChargeHandler", "depends_on_step" => "validate", "default_retryable" => true,
      "default_retry_limit" => 3, "skippable" => false, "handler_config" => {currency: "EUR"}, "timeout_seconds" => 20,
      "retry" => {strategy: "constant", base_seconds: 5}
    })
  end

  it "keeps a configuration object of the application's own to itself" do
    template = described_class.new(name: "charge", handler_class:, handler_config: Struct.new(:currency).new("EUR"))
    expect(template.to_template("ChargeHandler")).not_to have_key("handler_config")
  end

  it "refuses what is no class and no name" do
    expect { described_class.new(name: "charge", handler_class: 7) }
      .to raise_error(TypeError, /handler_class must be a Class or its name/)
  end
end
