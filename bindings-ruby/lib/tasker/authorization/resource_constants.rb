# frozen_string_literal: true

module Tasker
  module Authorization
    # The names of {ResourceRegistry}, as constants: `RESOURCES::TASK` is "tasker.task", `ACTIONS::SHOW` is :show.
    module ResourceConstants
      # Such as `TASK`, "tasker.task".
      module RESOURCES
        ALL = ResourceRegistry.resources.freeze
        ALL.each { |name| const_set(name.delete_prefix("tasker.").upcase, name) }
      end

      # Such as `SHOW`, :show.
      module ACTIONS
        ALL = ResourceRegistry.resources.flat_map { |name| ResourceRegistry.actions_for_resource(name) }.uniq.freeze
        ALL.each { |name| const_set(name.upcase, name) }
      end
    end
  end
end
