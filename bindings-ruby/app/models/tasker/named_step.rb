# frozen_string_literal: true

module Tasker
  # The name of a step, in the system that the step depends on.
  class NamedStep < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.named_steps"
    self.primary_key = :named_step_id

    written_by_engine create: "use Tasker.client.register_template", update: "register the template anew",
      destroy: "register the template anew"

    belongs_to :dependent_system
    has_many :step_templates
    has_many :workflow_steps, through: :step_templates
  end
end
