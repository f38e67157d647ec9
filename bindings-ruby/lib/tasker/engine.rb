# frozen_string_literal: true

require "rails/engine"
require "tasker/railties"

if Rails.gem_version < Gem::Version.new("7.1")
  raise LoadError,
    "tasker-engine needs Rails 7.1 or newer, and this is Rails #{Rails.version}: update it, or use the gem without Rails"
end

module Tasker
  # Tasker in a Rails application: it knows the application's database, logger, handlers and templates.
  #
  # `mount Tasker::Engine, at: "/tasker"` serves the engine's interface over HTTP, see {ApiController}.
  #
  # Booting starts nothing, no thread and no connection, so that a server may fork afterwards. Work begins where a worker is
  # started: by `bin/tasker worker`, `bin/rails tasker:worker`, the Puma plugin, or `tasker/sidekiq`.
  class Engine < ::Rails::Engine
    isolate_namespace Tasker

    # An application need not have all of Rails.
    initializer "tasker.frameworks", before: :setup_main_autoloader do
      ::Rails.autoloaders.main.ignore(root.join("app/models")) unless defined?(::ActiveRecord::Railtie)
      ::Rails.autoloaders.main.ignore(root.join("app/jobs")) unless defined?(::ActiveJob::Railtie)
      ::Rails.autoloaders.main.ignore(root.join("app/controllers")) unless defined?(::ActionController::Railtie)
    end

    initializer "tasker.logger" do
      Tasker.logger = ::Rails.logger
    end

    initializer "tasker.database" do
      Tasker.framework_database = -> { Railties::Database.url }
    end

    # As for a job: connections of ActiveRecord go back after each step, and in development a step runs the newest code.
    initializer "tasker.around_step" do |app|
      Tasker.around_step = ->(_step, &work) { app.reloader.wrap(source: "application.tasker", &work) }
    end

    # A template that is edited is reloaded as code is. After the application's initializers, which may name other directories.
    initializer "tasker.watch_templates", after: :load_config_initializers do |app|
      app.config.watchable_dirs[Railties::Definitions.template_directory.to_s] = %i[yml yaml]
    end

    config.to_prepare { Railties::Definitions.load }

    initializer "tasker.schema_dump" do |app|
      ActiveSupport.on_load(:active_record_postgresqladapter) do
        require "active_record/connection_adapters/postgresql/schema_dumper"
        ::ActiveRecord::ConnectionAdapters::PostgreSQL::SchemaDumper.prepend(Railties::SchemaDumper)
      end
      # The application's initializers may set flags of their own.
      app.config.after_initialize do
        ActiveSupport.on_load(:active_record) { Railties::SchemaDumper.leave_out_of_structure }
      end
    end

    initializer "tasker.parallel_tests" do
      ActiveSupport.on_load(:active_support_test_case) { Railties::ParallelTests.prepare }
    end
  end
end
