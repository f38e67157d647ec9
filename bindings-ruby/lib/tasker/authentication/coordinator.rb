# frozen_string_literal: true

module Tasker
  module Authentication
    # Asks the authenticator of the configuration. Nothing is kept from one request to the next: each has an authenticator of its own.
    module Coordinator
      # Where the authenticator of a request is kept, in the env of Rack.
      KEY = "tasker.authenticator"
      NAMES = %i[tasker_name email username login name id].freeze
      # Who asks stands in the request, and no browser adds it by itself.
      TOKEN = /\A(bearer|token|apikey)\s/i
      private_constant :KEY, :NAMES, :TOKEN

      class << self
        # @param controller [ActionController::Base]
        # @return [true]
        # @raise [AuthenticationError] nobody is known
        # @raise [ConfigurationError, InterfaceError]
        def authenticate!(controller)
          authenticator(controller).authenticate!(controller)
          true
        end

        # @param controller [ActionController::Base]
        # @return [Object, nil] who asks
        def current_user(controller) = authenticator(controller).current_user(controller)

        # @param controller [ActionController::Base]
        # @return [Boolean]
        def authenticated?(controller)
          asked = authenticator(controller)
          asked.respond_to?(:authenticated?) ? asked.authenticated?(controller) : asked.current_user(controller).present?
        end

        # @param controller [ActionController::Base]
        # @return [Boolean] see {Interface#ambient?}
        def ambient?(controller)
          asked = authenticator(controller)
          asked.respond_to?(:ambient?) ? asked.ambient?(controller) : ambient_by_default?(controller)
        end

        # @api private
        def ambient_by_default?(controller)
          authorization = controller.request.authorization
          authorization ? !authorization.match?(TOKEN) : controller.request.get_header("HTTP_COOKIE").present?
        end

        # @param user [Object, nil]
        # @return [String, nil] its name in the trail: `tasker_name`, `email`, `username`, `login`, `name` or `id`, whatever it has first
        def name_of(user)
          return if user.nil?

          given = user.is_a?(Hash) ? user.symbolize_keys : nil
          NAMES.lazy.filter_map { |name| (given ? given[name] : user.try(name)).presence&.to_s }.first || user.class.name
        end

        # @param controller [#request, nil] none: a new one
        # @return [Object] the authenticator of the request
        # @raise [ConfigurationError, InterfaceError]
        def authenticator(controller = nil)
          env = controller.request.env if controller.respond_to?(:request)
          return make unless env

          env[KEY] ||= make
        end

        # Nothing is kept; the ancestor's tests call it.
        #
        # @return [void]
        def reset! = nil

        private

        def make
          auth = Tasker.configuration.auth
          return NoneAuthenticator.new unless auth.authentication_enabled

          made = class_of(auth).new(auth.options)
          missing = %i[authenticate! current_user].reject { |method| made.respond_to?(method) }
          raise InterfaceError, "#{made.class} has no #{missing.join(" and no ")}" if missing.any?

          problems = made.respond_to?(:validate_configuration) ? made.validate_configuration(auth.options) : []
          raise ConfigurationError, "#{made.class}: #{problems.join(", ")}" if problems.any?

          made
        end

        def class_of(auth)
          name = auth.authenticator_class
          raise ConfigurationError, "Authentication is enabled but no authenticator_class is specified" if name.blank?

          # By its name, so that the newest code counts.
          name.safe_constantize || raise(ConfigurationError, "auth.authenticator_class: there is no class #{name}")
        end
      end
    end
  end
end
