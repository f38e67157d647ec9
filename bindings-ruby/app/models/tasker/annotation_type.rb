# frozen_string_literal: true

module Tasker
  # What kind of thing an annotation says. It is made with the first annotation that says it, or before:
  #
  #   Tasker::AnnotationType.find_or_create_by!(name: "shipment")
  class AnnotationType < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.annotation_types"
    self.primary_key = :annotation_type_id

    written_by_engine creates: true, saves: %i[description],
      create: "use create! or find_or_create_by!",
      update: "a type has its name for good; create another one",
      destroy: "a type stays"

    has_many :task_annotations
    has_many :tasks, through: :task_annotations

    validates :name, presence: true, length: {maximum: 64}
    validates :description, length: {maximum: 255}

    # Always on ActiveRecord's connection: the function of the schema is all there is of this verb.
    def through_engine
      yield TransactionVerbs.new(self.class)
      reload
    end

    private

    def create_through_engine(verbs) = verbs.annotation_type(name, description)

    # For the function nil means to leave it as it is.
    def update_through_engine(verbs, changes) = verbs.annotation_type(name, changes.fetch(:description).to_s)
  end
end
