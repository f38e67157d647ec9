# frozen_string_literal: true

require "erb"

module Tasker
  # The graph of a task with the states of its steps, drawn by the engine.
  #
  #   task.diagram.to_svg # a picture, self-contained
  class TaskDiagram
    # @param task [Task]
    def initialize(task)
      @task = task
    end

    # @param direction [String, Symbol, nil] which way the arrows run: `down` or `right`
    # @return [String] a Mermaid flowchart, for Markdown
    def to_mermaid(direction: nil) = draw("mermaid", direction)

    # @param direction [String, Symbol, nil]
    # @return [String] for Graphviz
    def to_dot(direction: nil) = draw("dot", direction)

    # @param direction [String, Symbol, nil] whatever fits better, unless told
    # @return [String] a picture for browsers and documents
    def to_svg(direction: nil) = draw("svg", direction)

    # @return [String] a page with the picture
    def to_html
      title = ERB::Util.html_escape("#{@task.full_name} #{@task.task_id}")
      <<~HTML
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><title>#{title}</title></head>
        <body>
        <h1>#{title}</h1>
        #{to_svg}
        </body>
        </html>
      HTML
    end

    # @return [Hash] `nodes`, `edges` and levels, for programs
    def to_h = @task.runtime_analyzer.build_dependency_graph

    # @return [Hash]
    def as_json(options = nil) = to_h.as_json(options)

    private

    def draw(format, direction)
      Native.draw(Values.to_argument({title:, format:, direction: direction&.to_s, steps:}.compact))
    end

    def title = "#{@task.full_name} (#{@task.status})"

    # Each with the places of those that it waits for, from 0.
    def steps
      steps = WorkflowStep.for_task(@task).to_a
      places = steps.each_with_index.to_h { |step, place| [step.step_no, place] }
      parents = steps.map { [] }
      steps.each_with_index { |step, place| step.dependents&.each { |dependent| parents[places[dependent]] << place } }
      steps.zip(parents).map { |step, before| {name: step.name, status: step.status, parents: before} }
    end
  end
end
