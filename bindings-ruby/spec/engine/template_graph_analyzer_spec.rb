# frozen_string_literal: true

RSpec.describe Tasker::Analysis::TemplateGraphAnalyzer do
  # Steps with what they wait for.
  def analyzer(graph)
    described_class.new(graph.map do |name, parents|
      Tasker::Types::StepTemplate.new(name: name.to_s, handler: "h", depends_on_steps: parents)
    end)
  end

  let(:diamond) { analyzer({start: [], left: ["start"], right: ["start"], join: %w[left right]}) }

  it "sorts parents first, and keeps the order of the template where it may" do
    expect(diamond.topology).to eq(%w[start left right join])
    expect(analyzer({join: %w[right left], left: ["start"], right: ["start"], start: []}).topology).to eq(%w[start left right join])
  end

  it "tells how far steps are from the roots, by the longest way" do
    expect(diamond.levels).to eq({"start" => 0, "left" => 1, "right" => 1, "join" => 2})
    expect(analyzer({a: [], b: ["a"], c: %w[a b]}).levels).to eq({"a" => 0, "b" => 1, "c" => 2})
  end

  it "tells roots, leaves and numbers" do
    expect(diamond.analyze).to include(
      roots: ["start"], leaves: ["join"], cycles: [],
      summary: {total_steps: 4, total_dependencies: 4, has_cycles: false, max_depth: 2, parallel_branches: 2}
    )
  end

  it "tells steps and what they wait for" do
    template = Tasker::Types::StepTemplate.new(name: "b", handler_class: "H", depends_on_step: "a", depends_on_steps: ["c"])
    graph = described_class.new([template]).analyze
    expect(graph[:nodes]).to eq([{name: "b", description: "b", handler_class: "H", dependencies: %w[a c], dependency_count: 2}])
    expect(graph[:edges]).to eq([{from: "a", to: "b", type: "single"}, {from: "c", to: "b", type: "multiple"}])
  end

  it "finds a circle, and has no order then" do
    circle = analyzer({a: ["c"], b: ["a"], c: ["b"], d: []})
    expect(circle.cycles).to eq([%w[a c b a]])
    expect(circle.analyze).to include(topology: [], levels: {})
  end

  it "finds a step that waits for itself" do
    expect(analyzer({a: ["a"]}).cycles).to eq([%w[a a]])
  end

  it "finds several circles" do
    expect(analyzer({a: ["b"], b: ["a"], c: ["d"], d: ["c"]}).cycles.size).to eq(2)
  end

  it "passes over what is no step" do
    expect(analyzer({a: ["nowhere"]}).topology).to eq(["a"])
  end

  it "knows templates without steps" do
    expect(described_class.new([]).analyze).to include(topology: [], summary: a_hash_including(max_depth: 0, parallel_branches: 1))
  end

  it "is what a task handler gives" do
    handler = Class.new { include Tasker::TaskHandler }
    handler.define_step_templates do |templates|
      templates.define(name: "validate", handler: "v")
      templates.define(name: "charge", handler: "c", depends_on_step: "validate")
    end
    expect(handler.new.dependency_graph).to include(topology: %w[validate charge], roots: ["validate"])
  end

  it "analyses once" do
    expect(diamond.analyze).to be(diamond.analyze)
    first = diamond.analyze
    diamond.clear_cache!
    expect(diamond.analyze).to eq(first)
    expect(diamond.analyze).not_to be(first)
  end
end
