# frozen_string_literal: true

module Tasker
  # What the mounted interface asks of the application: who asks, and what that one may do. An application may give it methods of its
  # own:
  #
  #   Rails.application.config.to_prepare { Tasker::ApplicationController.include(CurrentUser) }
  class ApplicationController < ActionController::Base
    # Whoever asks how Tasker is, where nobody has to say who they are for that.
    STATUS_READER = {permissions: ["tasker.health_status:index"]}.freeze
    private_constant :STATUS_READER

    # Whoever asks by a token has no CSRF token. Whoever asks by a cookie is told so by the engine: see {#tasker_principal}.
    skip_forgery_protection
    wrap_parameters false

    before_action :authenticate_tasker_user!, unless: :tasker_open?

    rescue_from(Authentication::AuthenticationError) { |error| refuse(:unauthorized, "Unauthorized", error) }
    rescue_from(Authorization::UnauthorizedError) { |error| refuse(:forbidden, "Forbidden", error) }
    {
      Authentication::ConfigurationError => "Authentication Configuration Error",
      Authentication::InterfaceError => "Authentication Interface Error",
      Authorization::ConfigurationError => "Authorization Configuration Error",
      Authorization::InterfaceError => "Authorization Interface Error"
    }.each do |problem, words|
      rescue_from(problem) do |error|
        logger&.error { "[tasker] #{words}: #{error.message}" }
        refuse(:internal_server_error, words, error)
      end
    end

    # @return [Object, nil] who asks
    def current_tasker_user
      return @current_tasker_user if defined?(@current_tasker_user)

      @current_tasker_user = Authentication::Coordinator.current_user(self)
    end

    # @return [Boolean]
    def tasker_user_authenticated? = Authentication::Coordinator.authenticated?(self)

    # Lets in whoever is known.
    #
    # @raise [Authentication::AuthenticationError] for anybody else
    def authenticate_tasker_user! = Authentication::Coordinator.authenticate!(self)

    helper_method :current_tasker_user, :tasker_user_authenticated? if respond_to?(:helper_method)

    private

    # Probes have no identity.
    def tasker_open? = Http.open?(request.path_info) || tasker_status_open?

    def tasker_status_open? = action_name == "status" && !Tasker.configuration.health.status_requires_authentication

    # Who asks, for the engine; nil where the application is not to say.
    def tasker_principal
      auth = Tasker.configuration.auth
      return STATUS_READER if tasker_status_open?
      return if tasker_open? || !(auth.authentication_enabled || auth.authorization_enabled)

      {
        name: Authentication::Coordinator.name_of(current_tasker_user), permissions: auth.authorization_enabled ? [] : ["*"],
        decides: auth.authorization_enabled, ambient: Authentication::Coordinator.ambient?(self) && !csrf_token_verified?
      }
    end

    # Whether the application has no use for CSRF tokens, or this request has the right one.
    def csrf_token_verified?
      return true unless allow_forgery_protection

      protect_against_forgery? && valid_request_origin? && any_authenticity_token_valid?
    end

    # Asks the coordinator of the configuration.
    def tasker_may?(question)
      @tasker_coordinator ||= Authorization.coordinator(current_tasker_user)
      context = {
        controller: self, params: params.to_unsafe_h, resource_id: question["resource_id"],
        parent_resource_id: question["parent_id"], user: current_tasker_user
      }
      @tasker_coordinator.authorize!(question["resource"], question["action"].to_sym, context) != false
    end

    def refuse(status, words, error)
      render status:, json: {error: words, message: error.message}
    end
  end
end
