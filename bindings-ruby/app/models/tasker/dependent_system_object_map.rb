# frozen_string_literal: true

module Tasker
  # That a thing of one system is the same as a thing of another. The application writes these.
  #
  #   Tasker::DependentSystemObjectMap.find_or_create("shop", "order-7", "billing", "invoice-9")
  class DependentSystemObjectMap < ApplicationRecord
    self.table_name = "#{schema}.dependent_system_object_maps"
    self.primary_key = :dependent_system_object_map_id

    belongs_to :dependent_system_one, class_name: "Tasker::DependentSystem"
    belongs_to :dependent_system_two, class_name: "Tasker::DependentSystem"

    validates :remote_id_one, :remote_id_two, presence: true, length: {maximum: 128}

    # Finds the pair whichever way round it was noted, or notes it.
    #
    # @param system_one_name [String]
    # @param system_one_id [String] the id of the thing in that system
    # @param system_two_name [String]
    # @param system_two_id [String]
    # @return [DependentSystemObjectMap]
    def self.find_or_create(system_one_name, system_one_id, system_two_name, system_two_id)
      one = DependentSystem.find_or_create_by!(name: system_one_name)
      two = DependentSystem.find_or_create_by!(name: system_two_name)
      turned = {
        dependent_system_one: two, remote_id_one: system_two_id,
        dependent_system_two: one, remote_id_two: system_one_id
      }
      find_by(turned) || find_or_create_by!(
        dependent_system_one: one, remote_id_one: system_one_id,
        dependent_system_two: two, remote_id_two: system_two_id
      )
    end
  end
end
