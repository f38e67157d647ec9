# frozen_string_literal: true

require "rails/generators"

module Tasker
  module Generators
    # Where a class lies that the configuration names, and what it is called: by the folder, as Rails finds it.
    # *app/tasker/authenticators/staff_authenticator.rb* is `Authenticators::StaffAuthenticator`, and a file in *app/authenticators*
    # has no module.
    #
    # A generator that includes this has `name`, the options `directory`, `user_class` and `with_spec`, and says `suffix`.
    module AuthFiles
      def self.included(generator)
        super
        generator.class_option :user_class, type: :string, desc: "The class of users; that of the configuration when left out, else User"
        generator.class_option :with_spec, type: :boolean, default: true, desc: "Whether to make a test of it"
        generator.define_singleton_method(:exit_on_failure?) { true }
      end

      private

      def file_name = "#{name.underscore.tr("-", "_").delete_suffix("_#{suffix}")}_#{suffix}"

      def modules
        app, _root, *modules = options[:directory].split("/")
        (app == "app") ? modules.map(&:camelize) : []
      end

      def class_name = [*modules, file_name.camelize].join("::")

      def user_class = options[:user_class] || Tasker.configuration.auth.user_class || "User"

      # A test in the framework of the application; none where it has none.
      def create_test
        return unless options[:with_spec]

        place = File.join(options[:directory].delete_prefix("app/"), file_name)
        case ::Rails::Generators.options.dig(:rails, :test_framework)
        when :rspec then template "#{suffix}_spec.rb.tt", File.join("spec", "#{place}_spec.rb")
        when :test_unit then template "#{suffix}_test.rb.tt", File.join("test", "#{place}_test.rb")
        end
      end

      # @param lines [Array<String>] of the block of the configuration
      def show_configuration(*lines)
        return if behavior == :revoke

        say <<~TEXT

          Name it in config/initializers/tasker.rb:

            Tasker.configure do |config|
              config.auth do |auth|
          #{lines.map { |line| "      #{line}" }.join("\n")}
              end
            end
        TEXT
      end
    end
  end
end
