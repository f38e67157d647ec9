# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Types::DependencyGraph do
  let(:parts) do
    {
      nodes: [Tasker::Types::GraphNode.new(id: "a", name: "a", type: "step_template")],
      edges: [{from: "a", to: "b"}],
      metadata: {graph_type: "template", total_nodes: 1, total_edges: 1}
    }
  end

  it "is made of its parts, or of what says them" do
    graph = described_class.new(**parts)
    expect(graph.nodes.first.id).to eq("a")
    expect(graph.edges.first).to eq(Tasker::Types::GraphEdge.new(from: "a", to: "b", relationship: "prerequisite"))
    expect(graph.metadata.total_nodes).to eq(1)
  end

  it "becomes Hashes all the way down" do
    expect(described_class.new(**parts).to_h[:edges]).to eq([{from: "a", to: "b", relationship: "prerequisite", metadata: {}}])
  end

  it "refuses parts that are something else" do
    expect { described_class.new(**parts, nodes: ["a"]) }.to raise_error(TypeError, /nodes must be an Array of nodes/)
  end
end
