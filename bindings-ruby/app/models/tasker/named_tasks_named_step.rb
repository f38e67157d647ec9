# frozen_string_literal: true

module Tasker
  # That a named task has a named step, and its defaults there. A view of what is registered now.
  class NamedTasksNamedStep < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.named_tasks_named_steps"
    self.primary_key = %i[named_task_id named_step_id]

    written_by_engine create: "use Tasker.client.register_template", update: "register the template anew",
      destroy: "register the template anew"

    belongs_to :named_task
    belongs_to :named_step

    # @!method self.named_steps_for_named_task(named_task_id)
    scope :named_steps_for_named_task, ->(named_task_id) { where(named_task_id:).preload(:named_task, :named_step) }

    # @return [String]
    def task_name = named_task.name

    # @return [String]
    def step_name = named_step.name
  end
end
