# frozen_string_literal: true

module Tasker
  # A step of a template, as it was registered: the name, handler and policies of the steps that were made from it.
  class StepTemplate < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.step_templates"
    self.primary_key = :step_template_id

    written_by_engine create: "use Tasker.client.register_template", update: "register the template anew",
      destroy: "register the template anew"

    belongs_to :plan
    belongs_to :named_step
    has_many :workflow_steps
  end
end
