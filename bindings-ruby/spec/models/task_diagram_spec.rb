# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::TaskDiagram, :models do
  let(:task) { task_of({a: [], b: [:a], c: %i[a b]}) }

  describe "what the engine is told" do
    before do
      stub_const("Tasker::Native", Module.new { def self.draw(json) = "<#{json}>" })
      complete(claim(task)["a"])
      task.reload
    end

    def told(text) = JSON.parse(text[/\{.*\}/])

    it "is every step with its state and those before it" do
      expect(told(task.to_mermaid)).to eq(
        "title" => "shop.order@1.0.0 (in_progress)", "format" => "mermaid",
        "steps" => [
          {"name" => "a", "status" => "complete", "parents" => []},
          {"name" => "b", "status" => "pending", "parents" => [0]},
          {"name" => "c", "status" => "pending", "parents" => [0, 1]}
        ]
      )
    end

    it "is the format and the direction" do
      expect(told(task.diagram.to_dot(direction: :right))).to include("format" => "dot", "direction" => "right")
      expect(told(task.diagram.to_svg)).to include("format" => "svg").and satisfy { |arguments| !arguments.key?("direction") }
      expect(task.diagram.to_html).to include("<h1>shop.order@1.0.0 #{task.task_id}</h1>", '<{"title"')
    end
  end

  it "is drawn by the engine" do
    skip "the native half does not draw yet" unless Tasker::Native.respond_to?(:draw)

    expect(task.to_mermaid).to start_with("flowchart TD\n").and include("s1 --> s2")
    expect(task.diagram.to_dot(direction: :right)).to include("rankdir=LR")
    expect(task.diagram.to_html).to include("<svg")
  end

  it "is an object for programs" do
    expect(JSON.parse(task.diagram.to_json))
      .to include("nodes" => [include("name" => "a"), include("name" => "b", "level" => 1), include("name" => "c", "level" => 2)])
  end
end
