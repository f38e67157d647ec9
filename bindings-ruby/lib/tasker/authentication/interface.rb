# frozen_string_literal: true

module Tasker
  module Authentication
    # What an authenticator is. There is a new one for each request, so that it may keep what it has found.
    #
    #   class SessionAuthenticator
    #     include Tasker::Authentication::Interface
    #
    #     def authenticate!(controller)
    #       raise Tasker::Authentication::AuthenticationError, "Sign in first" unless authenticated?(controller)
    #     end
    #
    #     def current_user(controller) = User.find_by(id: controller.session[:user_id])
    #   end
    module Interface
      # @return [Hash] the configuration's `auth.options`
      attr_reader :options

      # @param options [Hash]
      def initialize(options = {})
        @options = options
      end

      # Lets in whoever is known.
      #
      # @param controller [ActionController::Base]
      # @raise [AuthenticationError] for anybody else
      def authenticate!(controller)
        raise NotImplementedError, "#{self.class} has no authenticate!(controller)"
      end

      # @param controller [ActionController::Base]
      # @return [Object, nil] who asks
      def current_user(controller)
        raise NotImplementedError, "#{self.class} has no current_user(controller)"
      end

      # @param controller [ActionController::Base]
      # @return [Boolean]
      def authenticated?(controller) = current_user(controller).present?

      # @param options [Hash]
      # @return [Array<String>] what is wrong with them
      def validate_configuration(options = {}) = []

      # Whether a browser says by itself who asks, with every request to this site, as by a cookie. What changes something then has to
      # show that it comes from a page of this site.
      #
      # @param controller [ActionController::Base]
      # @return [Boolean] unless overridden: a cookie came and no token, or the browser keeps a password
      def ambient?(controller) = Coordinator.ambient_by_default?(controller)
    end
  end
end
