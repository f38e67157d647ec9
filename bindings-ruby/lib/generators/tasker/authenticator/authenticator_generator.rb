# frozen_string_literal: true

require "rails/generators"
require "generators/tasker/auth_files"

module Tasker
  module Generators
    # `rails generate tasker:authenticator NAME --type jwt`: who asks, where the interface is mounted.
    class AuthenticatorGenerator < ::Rails::Generators::Base
      include AuthFiles

      TYPES = %w[custom devise jwt api_token omniauth].freeze
      # How a test makes itself known, and the options that it takes.
      KNOWN = {
        "custom" => "controller.request.session = { user_id: 7 }",
        "devise" => 'controller.request.env["warden"] = Struct.new(:user) { def authenticate(scope:) = user }.new(:somebody)',
        "jwt" => 'token = JWT.encode({ sub: 7, exp: 1.minute.from_now.to_i }, "s" * 32, "HS256")
    controller.request.headers["Authorization"] = "Bearer " + token',
        "api_token" => 'controller.request.headers["X-API-Token"] = "secret"',
        "omniauth" => "controller.request.session = { user_id: 7 }"
      }.freeze
      private_constant :KNOWN

      source_root File.expand_path("templates", __dir__)

      argument :name, banner: "NAME", desc: "what it is called, such as staff"

      class_option :type, type: :string, enum: TYPES, default: "custom", desc: "How somebody says who they are"
      class_option :directory, type: :string, default: "app/tasker/authenticators", desc: "Where it lies"

      def create_authenticator
        template "#{type}.rb.tt", File.join(options[:directory], "#{file_name}.rb")
      end

      def create_authenticator_test = create_test

      def show_next_steps
        settings = ["auth.authentication_enabled = true", "auth.authenticator_class = #{class_name.to_json}"]
        settings << "auth.options = { secret: Rails.application.credentials.tasker_jwt_secret }" if type == "jwt"
        show_configuration(*settings)
        return unless type == "jwt" && behavior == :invoke && Gem.loaded_specs["jwt"].nil?

        say_status(:gem, 'add `gem "jwt"` to the Gemfile: it checks the tokens. The engine can do so without it: see auth.jwt_algorithms', :yellow)
      end

      private

      def suffix = "authenticator"

      def type = options[:type]

      def known = KNOWN.fetch(type)

      def test_options = (type == "jwt") ? '{ secret: "s" * 32 }' : "{}"
    end
  end
end
