# frozen_string_literal: true

require "rails/generators"
require "rails/generators/active_record"
require "tasker/import"

module Tasker
  module Generators
    # `rails generate tasker:migrate_from_engine`: a migration that imports what tasker-engine 1.0 has left in the database. With
    # --dry-run it only says what would be imported; with --now it imports at once.
    class MigrateFromEngineGenerator < ::Rails::Generators::Base
      include ::ActiveRecord::Generators::Migration

      source_root File.expand_path("templates", __dir__)

      # A script that imports wants to know.
      def self.exit_on_failure? = true

      class_option :dry_run, type: :boolean, default: false,
        desc: "Say what would be imported; write nothing, not even the migration"
      class_option :now, type: :boolean, default: false, desc: "Import at once, into the database of this environment"
      class_option :pause_before, type: :string, banner: "DATE",
        desc: "Import tasks paused that were created before and have not ended"
      class_option :database, type: :string, banner: "NAME",
        desc: "The entry of config/database.yml that Tasker has for itself, whose migrations lie elsewhere"

      def check_options
        refuse("--dry-run writes nothing, and --now does: give one of them") if options[:dry_run] && options[:now]
        Date.iso8601(options[:pause_before]) if options[:pause_before]
      rescue Date::Error
        refuse("--pause-before is a date like 2026-10-01, not #{options[:pause_before]}")
      end

      def create_migration_file
        return if options[:dry_run]

        migration_template "import_from_tasker_engine.rb.tt", File.join(db_migrate_path, "import_from_tasker_engine.rb")
      end

      def show_survey
        return if behavior == :revoke

        say("\n#{import.survey}")
      rescue Import::NothingThere => e
        say_status(:nothing, e.message, :yellow)
      rescue Import::Refused => e
        say_status(:refused, e.message, :red)
      rescue ::ActiveRecord::ActiveRecordError => e
        say_status(:unknown, "the database cannot be asked: #{e.message.lines.first.to_s.chomp}", :yellow)
      end

      def import_now
        return if !options[:now] || options[:pretend] || behavior == :revoke

        report = import.run
        say("\n#{report}")
        refuse("what was imported is not what it was") unless report.ok?
      rescue Import::Refused, EngineError => e
        refuse(e.message)
      end

      def show_next_steps
        return if behavior == :revoke || options[:dry_run]

        say <<~TEXT

          The migration imports once, wherever it is run. For each environment:

            1. Stop every process of tasker-engine 1.0, web and jobs, and every worker.
            2. bin/rails tasker:import:dry_run    says what would become of what
            3. bin/rails db:migrate               imports, in batches, and compares; interrupted, run it again
            4. bin/tasker worker                  goes on with the tasks that have not ended

          Nothing in the ancestor's tables is changed. The table tasker_import_map has for each old task_id the new one.
        TEXT
      end

      private

      def import = @import ||= Import.new(pause_before: paused_time, output: (shell.mute? ? nil : $stdout))

      # As the arguments of `Time.utc`.
      def pause_before
        given = options[:pause_before] or return
        Date.iso8601(given).then { |date| [date.year, date.month, date.day] }
      end

      def paused_time = (Time.utc(*pause_before) if pause_before)

      def refuse(problem) = raise(::Thor::Error, problem)
    end
  end
end
