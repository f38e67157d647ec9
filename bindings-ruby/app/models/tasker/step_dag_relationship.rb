# frozen_string_literal: true

module Tasker
  # The place of a step in the graph of its task. A view.
  class StepDagRelationship < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.step_dag_relationships"
    self.primary_key = %i[task_id workflow_step_id]

    written_by_engine create: "the graph of a task is its template's", update: "the graph of a task is its template's",
      destroy: "the graph of a task is its template's"

    belongs_to :task
    belongs_to :workflow_step, inverse_of: :step_dag_relationship, **by_columns(:task_id, :workflow_step_id)

    scope :for_task, ->(task_id) { where(task_id:) }
    scope :root_steps, -> { where(is_root_step: true) }
    scope :leaf_steps, -> { where(is_leaf_step: true) }
    scope :with_parents, -> { where(is_root_step: false) }
    scope :with_children, -> { where(is_leaf_step: false) }

    # @return [Boolean] whether it waits for nothing
    def root_step? = is_root_step

    # @return [Boolean] whether nothing waits for it
    def leaf_step? = is_leaf_step

    # @return [Boolean]
    def has_parents? = parent_count.positive?

    # @return [Boolean]
    def has_children? = child_count.positive?

    # @return [Array<Integer>]
    def parent_step_ids_array = parent_step_ids || []

    # @return [Array<Integer>]
    def child_step_ids_array = child_step_ids || []
  end
end
