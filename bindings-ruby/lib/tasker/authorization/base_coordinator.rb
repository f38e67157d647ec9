# frozen_string_literal: true

module Tasker
  module Authorization
    # Decides what a user may do. It denies everything: a subclass says what is allowed.
    #
    #   class TaskerAuthorizationCoordinator < Tasker::Authorization::BaseCoordinator
    #     protected
    #
    #     def authorized?(resource, action, context = {})
    #       user.present? && (user.admin? || %i[index show].include?(action))
    #     end
    #   end
    class BaseCoordinator
      # @param user [Object, nil] who asks
      def initialize(user = nil)
        @user = user
      end

      # @param resource [String] such as "tasker.task"
      # @param action [Symbol, String] such as :show
      # @param context [Hash] `controller`, `params`, `user`; `resource_id` (the id of a task; the number or the name of a step),
      #   `parent_resource_id` (the task of a step, the namespace of a template)
      # @return [true]
      # @raise [UnauthorizedError] it may not be done
      # @raise [ArgumentError] there is no such permission
      def authorize!(resource, action, context = {})
        raise UnauthorizedError, "Not authorized to #{action} on #{resource}" unless can?(resource, action, context)

        true
      end

      # As {authorize!}.
      #
      # @return [Boolean] true where authorization is not enabled
      # @raise [ArgumentError] there is no such permission
      def can?(resource, action, context = {})
        return true unless Tasker.configuration.auth.authorization_enabled
        unless ResourceRegistry.action_exists?(resource, action)
          raise ArgumentError, "Unknown resource:action '#{resource}:#{action}'"
        end

        authorized?(resource, action.to_sym, context) ? true : false
      end

      protected

      # @return [Object, nil] who asks
      attr_reader :user

      # Override it.
      #
      # @return [Boolean]
      def authorized?(resource, action, context = {}) = false
    end
  end
end
