# frozen_string_literal: true

module Tasker
  module Types
    # Who may call the mounted API. Nothing is mounted yet: what is set here is kept for it.
    class AuthConfig < BaseConfig
      HTTP = "the mounted API"
      NOT_READ = "no authenticator is found by it: authenticator_class names one"
      private_constant :HTTP, :NOT_READ

      block :auth

      later :authentication_enabled, Kind::BOOLEAN, false, by: HTTP
      later :authenticator_class, Kind::CLASS_NAME.optional, nil, by: HTTP
      later :authorization_enabled, Kind::BOOLEAN, false, by: HTTP
      later :authorization_coordinator_class, Kind::CLASS_NAME, "Tasker::Authorization::BaseCoordinator", by: HTTP
      later :user_class, Kind::CLASS_NAME.optional, nil, by: HTTP
      ignored :current_user_method, Kind::SYMBOL, :current_user, why: "the authenticator knows who the user is"
      ignored :authenticate_user_method, Kind::SYMBOL, :authenticate_user!, why: "the authenticator asks who the user is"
      ignored :strategy, Kind::SYMBOL, :none, why: NOT_READ

      refused :enabled, why: "its name is authentication_enabled, and authorization_enabled for permissions"
      refused :coordinator_class, why: "its name is authorization_coordinator_class"
      refused :options, why: "an authenticator that needs options is a subclass that has them"

      def problems
        return [] unless authentication_enabled && authenticator_class.nil?

        ["Authentication is enabled but no authenticator_class is specified"]
      end
    end
  end
end
