# frozen_string_literal: true

module Tasker
  module Authorization
    # What can be permitted: `resource:action`. The engine has the table.
    module ResourceRegistry
      TABLE = Native::PERMISSIONS.transform_values { |actions| actions.map(&:to_sym).freeze }.freeze
      private_constant :TABLE

      module_function

      # @return [Array<String>] such as "tasker.task"
      def resources = TABLE.keys

      # @return [Boolean]
      def resource_exists?(resource) = TABLE.key?(resource.to_s)

      # @return [Boolean]
      def action_exists?(resource, action) = actions_for_resource(resource).include?(action.to_sym)

      # @return [Array<Symbol>] none where there is no such resource
      def actions_for_resource(resource) = TABLE.fetch(resource.to_s, [])

      # @return [String, nil] in words
      def resource_description(resource)
        resource.to_s.delete_prefix("tasker.").humanize.pluralize if resource_exists?(resource)
      end

      # @return [Array<String>] such as "tasker.task:show"
      def all_permissions
        TABLE.flat_map { |resource, actions| actions.map { |action| "#{resource}:#{action}" } }
      end
    end
  end
end
