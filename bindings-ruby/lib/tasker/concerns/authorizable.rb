# frozen_string_literal: true

require "active_support/concern"
require "active_support/core_ext/class/attribute"

module Tasker
  module Concerns
    # What a coordinator may ask a user, from whatever the user has: `permissions`, `roles`, `role`, `admin?`.
    #
    #   class User < ApplicationRecord
    #     include Tasker::Concerns::Authorizable
    #     configure_tasker_authorization permission_method: :grants
    #   end
    module Authorizable
      extend ActiveSupport::Concern

      ADMIN = "admin"
      private_constant :ADMIN

      included do
        class_attribute :tasker_authorization, instance_accessor: false,
          default: {permission_method: :permissions, role_method: :roles, admin_method: :admin?}.freeze
      end

      class_methods do
        # Names the methods that are asked.
        #
        # @param permission_method [Symbol] it gives permissions: texts, or records with a `name`
        # @param role_method [Symbol] it gives roles: texts, or records with a `name`
        # @param admin_method [Symbol]
        def configure_tasker_authorization(**methods)
          unknown = (methods.keys - tasker_authorization.keys).first
          raise ArgumentError, "there is no '#{unknown}' here#{Suggestion.for(unknown, tasker_authorization.keys)}" if unknown

          self.tasker_authorization = tasker_authorization.merge(methods).freeze
        end
      end

      # @param permission [String] such as "tasker.task:show"
      # @return [Boolean]
      def has_tasker_permission?(permission) = all_tasker_permissions.include?(permission.to_s)

      # @return [Array<String>]
      def tasker_roles = tasker_names(:role_method)

      # @return [Boolean]
      def tasker_admin?
        admin = self.class.tasker_authorization[:admin_method]
        (respond_to?(admin) && public_send(admin)) || (respond_to?(:role) && role.to_s == ADMIN) || tasker_roles.include?(ADMIN)
      end

      # @param resource [String] such as "tasker.task"
      # @return [Array<String>] the permissions that are about it
      def tasker_permissions_for_resource(resource)
        all_tasker_permissions.select { |permission| permission.start_with?("#{resource}:") }
      end

      # @param resource [String]
      # @return [Boolean] whether anything may be done with it
      def can_access_tasker_resource?(resource) = tasker_admin? || tasker_permissions_for_resource(resource).any?

      # @return [Array<String>]
      def all_tasker_permissions = tasker_names(:permission_method)

      private

      def tasker_names(method)
        name = self.class.tasker_authorization[method]
        return [] unless respond_to?(name)

        Array(public_send(name)).map { |one| (one.respond_to?(:name) && !one.is_a?(Symbol) ? one.name : one).to_s }
      end
    end
  end
end
