# frozen_string_literal: true

# The gem is not required yet: an application loads it as a part of itself, after Rails.
module Tasker
  # The `tasker` command of the gem: the worker of Ruby (`tasker worker`), new applications (`tasker new`), and everything that the
  # engine's own command does. In the folder of a Rails application it works in that application's database.
  module Command
    # `tasker worker list` and so on are about the workers of all processes, and the engine's.
    ABOUT_WORKERS = %w[list show top].freeze
    # What the engine's command does in a database of the application. The rest has one of its own, or needs none.
    IN_DATABASE = %w[bulk config doctor handler migrate namespace prune step task template why worker].freeze
    ENVIRONMENT = "config/environment.rb"

    module_function

    # @param arguments [Array<String>]
    # @return [Integer] the exit status
    def run(arguments)
      case arguments
      in ["worker", *rest] unless ABOUT_WORKERS.include?(rest.first)
        require "tasker/worker_command"
        WorkerCommand.run(rest)
      in ["new", *rest]
        require "tasker/new_command"
        NewCommand.run(rest)
      else
        run_engine(arguments)
      end
    rescue StandardError => e
      # What is wrong with the application's templates or its configuration is told, not traced.
      raise unless defined?(Tasker::Error) && e.is_a?(Tasker::Error)

      warn "error: #{e.message}"
      1
    end

    # Loads the application in this folder, if there is one, and the gem.
    #
    # @return [Boolean] whether there is one
    def load_application
      there = File.exist?(ENVIRONMENT)
      require File.expand_path(ENVIRONMENT) if there
      require "tasker"
      there
    end

    def run_engine(arguments)
      options = database_options(arguments)
      require "tasker"
      # As in the engine's own binary: what has no use for an interrupt is ended by it.
      trap("INT", "SYSTEM_DEFAULT")
      Native.run_command(["tasker", *options, *arguments])
    end

    def database_options(arguments)
      named = !ENV["TASKER_DATABASE_URL"].to_s.empty? || arguments.any? { |one| one.start_with?("--database-url") }
      return [] if named || (arguments & ["--help", "-h"]).any?
      return [] if (arguments & IN_DATABASE).empty?

      load_application
      schema = Tasker.configuration.database.schema
      {"--database-url" => Tasker.framework_database_url, "--schema" => schema}.compact.to_a.flatten
    end

    private_class_method :run_engine, :database_options
  end
end
