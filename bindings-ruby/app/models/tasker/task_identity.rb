# frozen_string_literal: true

module Tasker
  # What a request was recognised by: an idempotency key, or its content. It outlives its task.
  class TaskIdentity < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.task_identities"
    self.primary_key = %i[scope digest]

    written_by_engine create: "use Tasker.create_task!", update: "it never changes", destroy: "it goes with time"

    belongs_to :task, optional: true

    # @return [String]
    def hexdigest = digest.unpack1("H*")
  end
end
