# frozen_string_literal: true

namespace :tasker do
  desc "Run the application's workflow steps until SIGTERM or Ctrl-C (CONCURRENCY=10 NAME=worker-1)"
  task worker: :environment do
    # A rake task does not load everything at boot, and a process that works on many threads should.
    Rails.application.eager_load! unless Rails.application.config.enable_reloading
    concurrency = ENV["CONCURRENCY"]&.then { |given| Integer(given, 10) }
    status = Tasker::WorkerCommand.new(concurrency:, name: ENV["NAME"]).call
    exit(status) unless status.zero?
  end

  desc "Create Tasker's schema in the database, or bring it up to date"
  task migrate: :environment do
    done = Tasker.client.migrate
    applied = done.applied.size
    puts "The schema \"#{done.schema}\" is at version #{done.version} (#{applied.zero? ? "nothing to do" : "#{applied} applied"})."
  end

  desc "Look for everything that is wrong with the database, the schema and the work in it"
  task doctor: :environment do
    require "tasker/command"
    status = Tasker::Command.run(["doctor"])
    exit(status) unless status.zero?
  end

  desc "Register the templates of the application in the database"
  task register: :environment do
    Tasker.templates.register_all(Tasker.client)
  end

  desc "Do the work that nobody else does where all steps are run by jobs: take back what died, and enqueue what is ready"
  task maintain: :environment do
    Tasker::MaintenanceJob.perform_now
  end

  desc "Copy Tasker's migrations into the application, and migrate"
  task setup: ["tasker:install:migrations"] do
    # With a fresh process: this one has looked for migrations already.
    sh({"RAILS_ENV" => Rails.env}, "bin/rails", "db:migrate", verbose: false)
  end

  namespace :setup do
    # Deployments of the ancestor call it. There is nothing that would have to be overwritten any more.
    task force: "tasker:setup"
  end

  namespace :install do
    # Deployments of the ancestor call it before they migrate.
    task :database_objects do
      puts "Nothing to copy: views and functions come with the migration (bin/rails tasker:install:migrations)."
    end
  end

  # Before a database is dropped, so that it does not count as in use.
  task disconnect: :environment do
    Tasker.client.close
    Tasker.reset_client
  end
end
