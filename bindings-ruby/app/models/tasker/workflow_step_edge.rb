# frozen_string_literal: true

module Tasker
  # That one step of a task waits for another. A view: the graph of a task never changes.
  class WorkflowStepEdge < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.workflow_step_edges"
    self.primary_key = %i[task_id from_step_id to_step_id]

    written_by_engine create: "the graph of a task is its template's", update: "the graph of a task is its template's",
      destroy: "the graph of a task is its template's"

    belongs_to :from_step, class_name: "Tasker::WorkflowStep", inverse_of: :outgoing_edges, **by_columns(:task_id, :from_step_id)
    belongs_to :to_step, class_name: "Tasker::WorkflowStep", inverse_of: :incoming_edges, **by_columns(:task_id, :to_step_id)

    # @!method self.children_of(step)
    #   Edges to the steps that wait for a step.
    scope :children_of, ->(step) { where(task_id: step.task_id, from_step_id: step.step_no) }

    # @!method self.parents_of(step)
    #   Edges from the steps that a step waits for.
    scope :parents_of, ->(step) { where(task_id: step.task_id, to_step_id: step.step_no) }

    # @!method self.siblings_of(step)
    #   Edges to the steps that wait for the very same ones.
    scope :siblings_of, ->(step) { where(task_id: step.task_id, to_step_id: step.siblings.map(&:step_no)) }

    # @!method self.provides_edges
    scope :provides_edges, -> { where(name: WorkflowStep::PROVIDES_EDGE_NAME) }
  end
end
