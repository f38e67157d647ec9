# frozen_string_literal: true

module Tasker
  # What can be said about the graph of a template, and of a task.
  module Analysis
    autoload :Bottlenecks, "tasker/analysis/bottlenecks"
    autoload :CriticalPaths, "tasker/analysis/critical_paths"
    autoload :ErrorChains, "tasker/analysis/error_chains"
    autoload :Parallelism, "tasker/analysis/parallelism"
    autoload :RuntimeGraphAnalyzer, "tasker/analysis/runtime_graph_analyzer"
    autoload :Snapshot, "tasker/analysis/snapshot"
    autoload :StepGraph, "tasker/analysis/step_graph"
    autoload :TemplateGraphAnalyzer, "tasker/analysis/template_graph_analyzer"
  end
end
