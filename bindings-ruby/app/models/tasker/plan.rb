# frozen_string_literal: true

module Tasker
  # What was registered under a version of a named task. Tasks keep the plan that they were made from, whatever is registered later.
  class Plan < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.plans"
    self.primary_key = :plan_id

    written_by_engine create: "use Tasker.client.register_template", update: "register the template anew",
      destroy: "register the template anew"

    belongs_to :named_task
    has_many :step_templates, -> { order(:step_no) }, inverse_of: :plan
    has_many :named_steps, through: :step_templates
  end
end
