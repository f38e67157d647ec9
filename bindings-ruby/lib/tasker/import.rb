# frozen_string_literal: true

module Tasker
  # Brings over what tasker-engine 1.0 has left in the application's database: its tables `tasker_…` are read, and nothing in them
  # is changed; everything that they say is written into the engine's schema.
  #
  #   import = Tasker::Import.new(output: $stdout)
  #   puts import.survey    # what there is, and what would become of it; writes nothing
  #   puts import.run       # brings it over, and verifies it
  #   puts import.verify    # compares again, at any time
  #
  # Tasks come in batches, each a transaction of its own. Interrupted anywhere and run again it goes on where it was, and the result
  # is the same: the id of a task follows from when it was created and from its old id, and the table `tasker_import_map`, beside
  # the ancestor's, says for each old id the new one.
  #
  # Tasks that have not ended come first. Nothing may run meanwhile, neither the ancestor nor a worker of ours. The history comes
  # afterwards, and workers may run beside it. docs/guides/moving-from-tasker-engine.md says what becomes of what.
  class Import
    autoload :Batch, "tasker/import/batch"
    autoload :Catalogue, "tasker/import/catalogue"
    autoload :Checksums, "tasker/import/checksums"
    autoload :Database, "tasker/import/database"
    autoload :Difference, "tasker/import/difference"
    autoload :Map, "tasker/import/map"
    autoload :Migration, "tasker/import/migration"
    autoload :NothingThere, "tasker/import/refused"
    autoload :Numbers, "tasker/import/numbers"
    autoload :Partitions, "tasker/import/partitions"
    autoload :Plans, "tasker/import/plans"
    autoload :Progress, "tasker/import/progress"
    autoload :Refused, "tasker/import/refused"
    autoload :Report, "tasker/import/report"
    autoload :Served, "tasker/import/served"
    autoload :Source, "tasker/import/source"
    autoload :Survey, "tasker/import/survey"
    autoload :Target, "tasker/import/target"
    autoload :Verification, "tasker/import/verification"

    # How many tasks a transaction brings over.
    BATCH_SIZE = 500
    # Tasks that have not ended, and the history, in the order in which they come.
    PARTS = %i[open ended].freeze

    # @param connection [ActiveRecord::ConnectionAdapters::AbstractAdapter] it leads to the ancestor's tables and to the engine's
    #   schema
    # @param source_schema [String, nil] the schema of the ancestor's tables; found where it is nil
    # @param schema [String, nil] the engine's; that of the configuration where it is nil
    # @param batch_size [Integer] tasks a transaction
    # @param pause_before [Time, nil] open tasks that were created before are brought over paused: nothing of them runs until
    #   somebody resumes them
    # @param output [IO, nil] where to say how far it is
    # @raise [ArgumentError] the batch size is none
    def initialize(connection: nil, source_schema: nil, schema: nil, batch_size: BATCH_SIZE, pause_before: nil, output: nil)
      unless batch_size.is_a?(Integer) && batch_size.positive?
        raise ArgumentError, "batch_size is a number from 1 on, not #{batch_size.inspect}"
      end

      @database = Database.new(connection || Connections.of(Tasker.connection_class), source_schema:, schema:)
      @source = Source.new(@database)
      @target = Target.new(@database)
      @map = Map.new(@database)
      @batch_size = batch_size
      @pause_before = pause_before
      @progress = Progress.new(output)
    end

    # What there is, what would become of it, and what stands against it. It writes nothing.
    #
    # @return [Survey]
    # @raise [Refused] the ancestor's tables are not there, or are of a release that is too old
    def survey
      source.check
      Survey.new(database, source, target)
    end

    # Brings over what has not been brought over yet. The templates of the application are registered first: what handler a step
    # has, the ancestor's tables do not say.
    #
    # @param only [Symbol, nil] `:open` for the tasks that have not ended, `:ended` for the history; both where it is nil
    # @param verify [Boolean] whether everything is compared at the end
    # @return [Report]
    # @raise [Refused] something stands against it; nothing was written then
    # @raise [EngineError] a template of the application is refused
    def run(only: nil, verify: true)
      parts = parts_of(only)
      check_all(parts)
      register_templates
      report = Report.new
      prepare
      parts.each { |part| import(part, report) }
      report.verification = compare(complete: parts == PARTS) if verify
      report
    end

    # Compares what was brought over with where it came from. Tasks on which something has happened since are compared in what does
    # not change.
    #
    # @return [Verification]
    # @raise [Refused] there is nothing to compare
    def verify
      source.check
      target.check
      raise Refused, "nothing has been imported yet: bin/rails tasker:import" unless map.there?

      compare(complete: true)
    end

    private

    attr_reader :database, :source, :target, :map, :progress

    def parts_of(only)
      return PARTS if only.nil?
      return [only.to_sym] if PARTS.include?(only.to_sym)

      raise ArgumentError, "only is :open or :ended, not #{only.inspect}"
    end

    def check_all(parts)
      database.refuse_transaction
      source.check
      target.check
      source.refuse_problems
      target.refuse_workers if parts.include?(:open) && map.remaining(:open).positive?
    end

    def register_templates
      Tasker.templates.register_all(Tasker.client) unless Tasker.templates.empty?
    end

    # What all batches need.
    def prepare
      map.create
      Partitions.new(database).create
      Catalogue.new(database).import
    end

    def import(part, report)
      batch = Batch.new(database, @pause_before)
      progress.over(part == :open ? "open tasks" : "history", map.remaining(part)) do |bar|
        map.each_batch(part, @batch_size) do |ids|
          report.add(part, batch.import(ids))
          bar.advance(ids.size)
        end
      end
    end

    def compare(complete:)
      verification = Verification.new(catalogue: Catalogue.new(database).missing, remaining: complete ? map.remaining : {})
      checksums = Checksums.new(database)
      progress.over("comparing", map.size) do |bar|
        map.each_imported(@batch_size) do |ids|
          verification.add(checksums.of(ids))
          bar.advance(ids.size)
        end
      end
      verification
    end
  end
end
