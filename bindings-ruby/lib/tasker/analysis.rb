# frozen_string_literal: true

module Tasker
  # What can be said about the graph of a template, and of a task. The engine computes it.
  module Analysis
    autoload :RuntimeGraphAnalyzer, "tasker/analysis/runtime_graph_analyzer"
    autoload :TemplateGraphAnalyzer, "tasker/analysis/template_graph_analyzer"
  end
end
