# frozen_string_literal: true

module Tasker
  module Types
    # Who may call the interface over HTTP. An authenticator and a coordinator of the application's say so, or the engine does by its
    # own settings: tokens (JWT), API keys and roles.
    class AuthConfig < BaseConfig
      HTTP = "the mounted interface"
      NOT_READ = "no authenticator is found by it: authenticator_class names one"
      private_constant :HTTP, :NOT_READ

      block :auth

      used :authentication_enabled, Kind::BOOLEAN, false, by: HTTP
      used :authenticator_class, Kind::CLASS_NAME.optional, nil, by: HTTP
      used :options, Kind::HASH, {}, by: "the authenticator: it is made with them"
      used :authorization_enabled, Kind::BOOLEAN, false, by: HTTP
      used :authorization_coordinator_class, Kind::CLASS_NAME, "Tasker::Authorization::BaseCoordinator", by: HTTP
      used :user_class, Kind::CLASS_NAME.optional, nil, by: "the generators"
      ignored :current_user_method, Kind::SYMBOL, :current_user, why: "the authenticator knows who the user is"
      ignored :authenticate_user_method, Kind::SYMBOL, :authenticate_user!, why: "the authenticator asks who the user is"
      ignored :strategy, Kind::SYMBOL, :none, why: NOT_READ

      setting :api_keys, Kind::BOOLEAN, false
      setting :jwt_algorithms, Kind::STRINGS, []
      setting :jwt_secret, Kind::STRING.optional, nil
      setting :jwt_public_key, Kind::STRING.optional, nil
      setting :jwt_jwks, Kind::STRING.optional, nil
      setting :jwt_jwks_max_age_seconds, Kind::NUMBER, 300.0
      setting :jwt_issuer, Kind::STRING.optional, nil
      setting :jwt_audience, Kind::STRINGS, []
      setting :jwt_leeway_seconds, Kind::NUMBER, 30.0
      setting :jwt_name_claims, Kind::STRINGS, %w[user_id sub]
      setting :jwt_roles_claim, Kind::STRING, "roles"
      setting :jwt_permissions_claim, Kind::STRING, "permissions"
      setting :roles, Kind::HASH, {
        "admin" => ["*"], "operator" => ["*:index", "*:show", "tasker.task:*", "tasker.workflow_step:*"], "viewer" => ["*:index", "*:show"]
      }
      setting :default_roles, Kind::STRINGS, []
      setting :allow_unauthenticated, Kind::BOOLEAN, false

      refused :enabled, why: "its name is authentication_enabled, and authorization_enabled for permissions"
      refused :coordinator_class, why: "its name is authorization_coordinator_class"

      def problems
        return [] unless authentication_enabled && authenticator_class.nil?

        ["Authentication is enabled but no authenticator_class is specified"]
      end
    end
  end
end
