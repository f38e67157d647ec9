# frozen_string_literal: true

require "rails/generators"

module Tasker
  module Generators
    # `rails generate tasker:install`: what an application needs once.
    class InstallGenerator < ::Rails::Generators::Base
      source_root File.expand_path("templates", __dir__)

      class_option :database, type: :string, banner: "NAME",
        desc: "The entry of config/database.yml with the database for Tasker; the primary one when left out"
      class_option :puma, type: :boolean, default: false, desc: "Run workers inside Puma"
      class_option :skip_migrations, type: :boolean, default: false, desc: "Do not copy the migration"

      def create_initializer
        template "initializer.rb.tt", "config/initializers/tasker.rb"
      end

      def create_command
        copy_file "bin/tasker", "bin/tasker"
        chmod "bin/tasker", 0o755, verbose: false
      end

      def create_folders
        create_file "app/tasks/.keep"
        create_file "config/tasker/tasks/.keep"
      end

      def copy_migrations
        return if options[:skip_migrations] || behavior == :revoke

        database = " DATABASE=#{options[:database]}" if options[:database]
        rails_command "tasker:install:migrations#{database}", inline: true
      end

      def add_to_puma
        return unless options[:puma]

        append_to_file "config/puma.rb", <<~RUBY

          # Run the steps of Tasker's workflows in the processes that serve requests.
          plugin :tasker
        RUBY
      end

      def show_next_steps
        return if behavior == :revoke

        say <<~TEXT

          Tasker is installed. Next:

            bin/rails db:migrate
            bin/rails generate tasker:workflow ecommerce process_order validate_cart process_payment send_confirmation
            #{options[:puma] ? "bin/rails server          serves requests, and runs workflows" : "bin/tasker worker         runs workflows, beside the server"}
        TEXT
      end
    end
  end
end
