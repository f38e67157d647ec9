# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::Templates do
  subject(:templates) { described_class.new }

  let(:client) { Unit::FakeClient.new }

  def key(name) = described_class::Key.of(namespace: nil, name:, version: nil)

  def add(name, source = "#{name}.yaml") = templates.add(key(name)) { double("handler", template_source: source) }

  it "registers each template once with a client" do
    add("a")
    add("b")
    2.times { templates.register_all(client) }
    expect(client.registered).to eq(%w[a.yaml b.yaml])
  end

  it "registers with every client" do
    add("a")
    other = Unit::FakeClient.new
    [client, other].each { |each| templates.register_all(each) }
    expect([client.registered, other.registered]).to all(eq(["a.yaml"]))
  end

  it "registers what came later, and what was replaced" do
    add("a")
    add("b")
    templates.register_all(client)
    add("c")
    add("a", "a2.yaml")
    templates.register_all(client)
    expect(client.registered).to contain_exactly("a.yaml", "b.yaml", "c.yaml", "a2.yaml")
  end

  it "registers everything again with a client whose database was emptied" do
    add("a")
    templates.register_all(client)
    templates.register_again(client)
    expect(client.registered).to eq(%w[a.yaml a.yaml])
  end

  it "passes over what has no template" do
    templates.add(key("a")) { Object.new }
    templates.register_all(client)
    expect(client.registered).to be_empty
    expect(templates.to_a).to be_empty
  end

  it "tells what is wrong with each template, and tries again the next time" do
    %w[a b c].each { |name| add(name) }
    client.refuse("a.yaml", Tasker::InvalidTemplateError.new("a.yaml:1:1: no steps"))
    client.refuse("c.yaml", Tasker::CycleDetectedError.new("c.yaml:2:1: a circle"))
    expect { templates.register_all(client) }
      .to raise_error(Tasker::InvalidTaskHandlerConfig, "2 templates are refused:\na.yaml:1:1: no steps\nc.yaml:2:1: a circle")
    expect { templates.register_all(client) }.to raise_error(Tasker::InvalidTaskHandlerConfig)
  end

  it "gives the engine's own error where one template is wrong" do
    add("a")
    client.refuse("a.yaml", Tasker::InvalidTemplateError.new("a.yaml:1:1: no steps"))
    expect { templates.register_all(client) }.to raise_error(Tasker::InvalidTemplateError, "a.yaml:1:1: no steps")
  end

  it "does not go on where the database is away" do
    add("a")
    add("b")
    client.refuse("a.yaml", Tasker::DatabaseUnavailableError.new("gone"))
    expect { templates.register_all(client) }.to raise_error(Tasker::DatabaseUnavailableError)
    expect(client.registered).to be_empty
  end

  it "can be asked for its sources" do
    add("a")
    expect(templates.to_a).to eq(["a.yaml"])
    expect(templates.keys.map(&:to_s)).to eq(["default.a@0.1.0"])
  end

  it "forgets" do
    add("a")
    add("b")
    templates.delete(key("a"))
    expect(templates.size).to eq(1)
    templates.clear!
    expect(templates).to be_empty
  end
end
