# frozen_string_literal: true

module Tasker
  # What kind of thing an annotation says. The application writes these.
  class AnnotationType < ApplicationRecord
    self.table_name = "#{schema}.annotation_types"
    self.primary_key = :annotation_type_id

    has_many :task_annotations
    has_many :tasks, through: :task_annotations

    validates :name, presence: true, length: {maximum: 64}
    validates :description, length: {maximum: 255}
  end
end
