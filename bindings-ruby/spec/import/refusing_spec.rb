# frozen_string_literal: true

require_relative "import_helper"

RSpec.describe Tasker::Import, "where something stands against it", :database, :import do
  # What the import says against being run.
  def refused
    import.run
    raise "nothing was refused"
  rescue described_class::Refused => e
    e.message
  end

  it "says where it has looked for the ancestor's tables" do
    expect(refused).to include(database_name, "tasker_tasks", "pg_dump")
    expect { import.survey }.to raise_error(described_class::NothingThere)
  end

  it "names the tables and columns of a release that is too old" do
    ancestor
    connection.execute("drop table tasker_task_annotations; alter table tasker_named_tasks drop column version")
    expect(refused).to include("tasker_task_annotations", "tasker_named_tasks.version")
  end

  it "needs the engine's schema" do
    ancestor
    connection.execute("drop schema tasker cascade")
    expect(refused).to include("no schema \"tasker\"", "tasker:install")
  end

  it "needs the engine's schema at the version that it was written for" do
    ancestor
    connection.execute("delete from tasker.schema_migrations where version > 20")
    expect(refused).to include("version 20", "tasker:migrate")
    connection.execute("insert into tasker.schema_migrations (version, name, oldest_code) values (99, 'later', 90)")
    expect(refused).to include("version 99", "the newest release")
  end

  it "wants no worker while there are open tasks to import, and none of its business afterwards" do
    tasks = Histories.leave(ancestor)
    engine.worker(["order/charge"])
    expect(refused).to include("spec (process 7 on here)", "ONLY=ended")
    expect(connection.select_value("select to_regclass('tasker_import_map')::text")).to be_nil
    expect(import.run(only: :ended).total.tasks).to eq(6)
    connection.execute("update tasker.worker_heartbeats set heartbeat_at = '-infinity'")
    expect(import.run.total.tasks).to eq(tasks.size - 6)
  end

  it "names versions that are none, and states that there are not" do
    Histories.leave(ancestor)
    connection.execute(<<~SQL)
      update tasker_named_tasks set version = 'v2' where version = '2.0.0';
      update tasker_task_transitions set to_state = 'skipped' where id = 1
    SQL
    expect(refused).to include("'v2'", "MAJOR.MINOR.PATCH", "'skipped'")
    expect(connection.select_value("select count(*) from tasker.namespaces")).to eq(0)
  end

  it "wants batches to be transactions" do
    ancestor
    connection.transaction { expect(refused).to include("disable_ddl_transaction!") }
  end

  it "notices that somebody still writes" do
    Histories.leave(ancestor)
    stub_const("#{described_class}::Batch::LOCK_TIMEOUT_MS", 50)
    connected do |writer|
      writer.exec("begin; update tasker_tasks set reason = 'busy' where task_id = 1")
      expect(refused).to include("stop every process of tasker-engine 1.0")
    end
    expect(connection.select_value("select count(*) from tasker.tasks")).to eq(0)
  end

  it "wants sizes and parts that there are" do
    expect { import(batch_size: 0) }.to raise_error(ArgumentError, /batch_size/)
    ancestor
    expect { import.run(only: "some") }.to raise_error(ArgumentError, /:open or :ended/)
  end

  it "has nothing to compare before anything was imported" do
    ancestor
    expect { import.verify }.to raise_error(described_class::Refused, /nothing has been imported/)
  end
end
