# frozen_string_literal: true

module Tasker
  # A system that steps depend on. Registering a template makes those that it names; an application may add its own.
  class DependentSystem < ApplicationRecord
    self.table_name = "#{schema}.dependent_systems"
    self.primary_key = :dependent_system_id

    has_many :named_steps

    validates :name, presence: true, length: {maximum: 64}
    validates :description, length: {maximum: 255}
  end
end
