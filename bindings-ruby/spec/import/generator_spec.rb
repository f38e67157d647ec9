# frozen_string_literal: true

require "stringio"
require "tmpdir"
require_relative "import_helper"
require "rails/generators"
require "generators/tasker/migrate_from_engine/migrate_from_engine_generator"

RSpec.describe Tasker::Generators::MigrateFromEngineGenerator, :database, :import do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  # What it says.
  def generate(*arguments)
    said = StringIO.new
    stdout, stderr, $stdout, $stderr = $stdout, $stderr, said, said
    described_class.start(arguments, destination_root: Dir.pwd)
    said.string
  rescue SystemExit => e
    said.string.tap { raise "it ended well" if e.success? }
  ensure
    $stdout, $stderr = stdout, stderr
  end

  def migrations = Dir["db/migrate/*_import_from_tasker_engine.rb"]

  # Runs the migration that was written.
  def migrate
    load File.expand_path(migrations.first)
    ActiveRecord::Migration.suppress_messages { ImportFromTaskerEngine.migrate(:up) }
  ensure
    Object.send(:remove_const, :ImportFromTaskerEngine) if Object.const_defined?(:ImportFromTaskerEngine)
  end

  it "writes a migration that imports, once" do
    tasks = Histories.leave(ancestor)
    register_templates
    expect(generate).to include("Tasks to import: 5 pending", "bin/rails db:migrate")
    expect(migrations.size).to eq(1)
    migrate
    expect(connection.select_value("select count(*) from tasker.tasks")).to eq(tasks.size)
    expect { migrate }.not_to(change { connection.select_value("select count(*) from tasker.workflow_step_transitions") })
  end

  it "writes a migration that does nothing where nothing is to be imported" do
    expect(generate).to include("there are no tables of tasker-engine")
    expect { migrate }.not_to raise_error
  end

  it "writes a migration that imports old tasks paused" do
    tasks = Histories.leave(ancestor)
    register_templates
    generate("--pause-before=2026-10-01")
    expect(File.read(migrations.first)).to include("pause_before: Time.utc(2026, 10, 1)")
    migrate
    expect(engine.task(id_of(tasks[:fresh]))["paused_at"]).not_to be_nil
  end

  it "writes nothing at all where it is to be a dry run" do
    Histories.leave(ancestor)
    expect(generate("--dry-run")).to include("Nothing was written.")
    expect(Dir.children(Dir.pwd)).to be_empty
    expect(connection.select_value("select count(*) from tasker.namespaces")).to eq(0)
  end

  it "imports at once where it is told to" do
    tasks = Histories.leave(ancestor)
    register_templates
    expect(generate("--now")).to include("Imported #{tasks.size} tasks", "Everything is what it was.")
    expect(import.verify).to be_ok
  end

  it "does not understand what cannot be meant" do
    expect(generate("--dry-run", "--now")).to include("give one of them")
    expect(generate("--pause-before=soon")).to include("a date like 2026-10-01")
    expect(migrations).to be_empty
  end
end
