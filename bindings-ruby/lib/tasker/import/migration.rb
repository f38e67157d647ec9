# frozen_string_literal: true

module Tasker
  class Import
    # The import as a migration of the application; `rails generate tasker:migrate_from_engine` writes it.
    #
    #   class ImportFromTaskerEngine < ActiveRecord::Migration[7.2]
    #     include Tasker::Import::Migration
    #
    #     disable_ddl_transaction!
    #
    #     def up = import_from_tasker_engine
    #   end
    module Migration
      # Imports what tasker-engine 1.0 has left in the database that is migrated. Where it has left nothing, as in a new one,
      # nothing is done. Where the import is interrupted, or finds a difference, the migration fails and may be run again: it goes
      # on where it was.
      #
      # @param options [Hash] as for {Import#initialize}: `pause_before`, `batch_size`, `source_schema`
      # @return [void]
      # @raise [Refused] something stands against it
      # @raise [Error] what came over is not what it was
      def import_from_tasker_engine(**options)
        report = Import.new(connection:, output: (verbose ? $stdout : nil), **options).run
        report.to_s.each_line { |line| say(line.chomp, true) }
        raise Error, "what was imported is not what tasker-engine 1.0 had: bin/rails tasker:import:verify" unless report.ok?
      rescue NothingThere
        say("There is nothing of tasker-engine 1.0 here.", true)
      end

      # What was imported stays: it may have gone on since.
      def down; end
    end
  end
end
