# frozen_string_literal: true

require "rails/generators"
require "generators/tasker/auth_files"

module Tasker
  module Generators
    # `rails generate tasker:authorization_coordinator NAME`: what may be done, where the interface is mounted.
    class AuthorizationCoordinatorGenerator < ::Rails::Generators::Base
      include AuthFiles

      source_root File.expand_path("templates", __dir__)

      argument :name, banner: "NAME", desc: "what it is called, such as staff"

      class_option :directory, type: :string, default: "app/tasker/authorization", desc: "Where it lies"

      def create_coordinator
        template "coordinator.rb.tt", File.join(options[:directory], "#{file_name}.rb")
      end

      def create_coordinator_test = create_test

      def show_next_steps
        show_configuration("auth.authorization_enabled = true", "auth.authorization_coordinator_class = #{class_name.to_json}")
      end

      private

      def suffix = "coordinator"
    end
  end
end
