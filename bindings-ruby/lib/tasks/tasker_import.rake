# frozen_string_literal: true

# Runs a block with an import as the environment says it. What is refused is told without a backtrace.
tasker_import = lambda do |&work|
  require "tasker/import"
  before = ENV["PAUSE_BEFORE"].presence
  work.call(
    Tasker::Import.new(
      batch_size: Integer(ENV.fetch("BATCH", Tasker::Import::BATCH_SIZE).to_s, 10),
      pause_before: before && Time.find_zone!(Time.zone || "UTC").parse(before),
      source_schema: ENV["SOURCE_SCHEMA"].presence,
      output: $stdout
    )
  )
rescue Tasker::Import::Refused, Tasker::EngineError => e
  abort(e.message)
end

namespace :tasker do
  desc "Import what tasker-engine 1.0 left in this database (ONLY=open|ended PAUSE_BEFORE=2026-10-01 BATCH=500)"
  task import: :environment do
    report = tasker_import.call { |import| import.run(only: ENV["ONLY"].presence) }
    puts report
    abort("What was imported is not what it was.") unless report.ok?
  end

  namespace :import do
    desc "Say what tasker:import would do, and what stands against it; writes nothing"
    task dry_run: :environment do
      survey = tasker_import.call(&:survey)
      puts survey
      abort unless survey.ok?
    end

    desc "Compare what was imported with where it came from, by counts and checksums"
    task verify: :environment do
      verification = tasker_import.call(&:verify)
      puts verification
      abort unless verification.ok?
    end
  end
end
