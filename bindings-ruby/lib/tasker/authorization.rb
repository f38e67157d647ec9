# frozen_string_literal: true

module Tasker
  # What may be done, where the interface is mounted: the coordinator of the configuration decides, for each `resource:action`.
  #
  #   Tasker.configure do |config|
  #     config.auth do |auth|
  #       auth.authorization_enabled = true
  #       auth.authorization_coordinator_class = "TaskerAuthorizationCoordinator"
  #     end
  #   end
  module Authorization
    autoload :BaseCoordinator, "tasker/authorization/base_coordinator"
    autoload :ResourceConstants, "tasker/authorization/resource_constants"
    autoload :ResourceRegistry, "tasker/authorization/resource_registry"

    # It may not be done: 403.
    class UnauthorizedError < Error; end

    # The coordinator is missing: 500.
    class ConfigurationError < Tasker::ConfigurationError; end

    # The coordinator has no `authorize!`: 500.
    class InterfaceError < Error; end

    class << self
      # @return [Array<String>] such as "tasker.task"
      def resources = ResourceRegistry.resources

      # @return [Array<String>] such as "tasker.task:show"
      def all_permissions = ResourceRegistry.all_permissions

      # @return [Boolean]
      def resource_exists?(resource) = ResourceRegistry.resource_exists?(resource)

      # @return [Boolean]
      def action_exists?(resource, action) = ResourceRegistry.action_exists?(resource, action)

      # @param user [Object, nil] who asks
      # @return [Object] a coordinator of the configuration's class
      # @raise [ConfigurationError, InterfaceError]
      def coordinator(user)
        name = Tasker.configuration.auth.authorization_coordinator_class
        made = name.presence&.safe_constantize&.new(user)
        raise ConfigurationError, "auth.authorization_coordinator_class: there is no class #{name.inspect}" if made.nil?
        raise InterfaceError, "#{made.class} has no authorize!" unless made.respond_to?(:authorize!)

        made
      end
    end
  end
end
