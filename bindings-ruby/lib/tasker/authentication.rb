# frozen_string_literal: true

module Tasker
  # Who asks, where the interface is mounted: the authenticator of the configuration knows.
  #
  #   Tasker.configure do |config|
  #     config.auth do |auth|
  #       auth.authentication_enabled = true
  #       auth.authenticator_class = "SessionAuthenticator"
  #     end
  #   end
  module Authentication
    autoload :Coordinator, "tasker/authentication/coordinator"
    autoload :Interface, "tasker/authentication/interface"
    autoload :NoneAuthenticator, "tasker/authentication/none_authenticator"

    # Whoever asks did not say who they are, or not truly: 401.
    class AuthenticationError < Error; end

    # The authenticator is missing, or says of itself that it cannot work: 500.
    class ConfigurationError < Tasker::ConfigurationError; end

    # The authenticator lacks a method: 500.
    class InterfaceError < Error; end
  end
end
