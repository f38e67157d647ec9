# frozen_string_literal: true

require_relative "import_helper"

RSpec.describe Tasker::Import, "interrupted and run again", :database, :import do
  # What there is on our side, but for the instants of the import itself.
  RESULT = <<~SQL
    select md5(string_agg(x::text, chr(10) order by x::text)) from (
      select t.task_id, jsonb_build_array(t.state, t.seq, t.open_sinks, t.irregular, t.context, t.started_at) from tasker.tasks t
      union all
      select s.task_id, jsonb_build_array(s.step_no, s.state, s.seq, s.attempts, s.open_parents, s.ready_at is not null, s.results,
               s.last_attempted_at, s.dependents, p.name, p.handler)
      from tasker.workflow_steps s join tasker.step_templates p using (step_template_id)
      union all
      select x.task_id, jsonb_build_array(x.step_no, x.seq, x.to_state, x.attempt, x.metadata,
               case when x.xid = '2' then x.created_at end)
      from tasker.workflow_step_transitions x
      union all
      select x.task_id, jsonb_build_array(x.seq, x.to_state, x.metadata, case when x.xid = '2' then x.created_at end)
      from tasker.task_transitions x
      union all
      select a.task_id, jsonb_build_array(a.annotation, a.created_at) from tasker.task_annotations a) x
  SQL

  let!(:tasks) { Histories.leave(ancestor) }

  before { register_templates }

  def result = connection.select_value(RESULT)

  # The import with a statement that fails once it was sent so many times.
  def failing_at(statement, times)
    import(batch_size: 2).tap do |failing|
      sent = 0
      allow(failing.send(:database)).to receive(:execute).and_wrap_original do |execute, name|
        raise Interrupt, "a deploy" if name == statement && (sent += 1) > times

        execute.call(name)
      end
    end
  end

  # What an import comes to that nobody interrupts, in a copy of the database.
  def uninterrupted
    connection.disconnect!
    copy = Databases.create(template: database_name)
    stub_const("Elsewhere", Class.new(ActiveRecord::Base) { self.abstract_class = true })
    Elsewhere.establish_connection(application(Databases.at(copy)))
    Tasker::Import.new(connection: Elsewhere.lease_connection).run
    Elsewhere.lease_connection.select_value(RESULT)
  ensure
    Elsewhere.connection_pool.disconnect!
    Databases.drop(copy)
  end

  it "goes on where it was, and comes to the same as without" do
    without = uninterrupted
    %w[insert_map insert_steps insert_own_moves insert_annotations settle].each_with_index do |statement, place|
      expect { failing_at(statement, place.clamp(0, 1)).run }.to raise_error(Interrupt)
      # What has begun has come to its end, or is not there.
      counts = connection.select_rows("select (select count(*) from tasker.tasks), (select count(*) from tasker_import_map)").first
      expect(counts.uniq.size).to eq(1)
    end
    expect(import(batch_size: 2).run).to be_ok
    expect(result).to eq(without)
  end

  it "shares the work where two do it at once" do
    stub_const("Elsewhere", Class.new(ActiveRecord::Base) { self.abstract_class = true })
    Elsewhere.establish_connection(application(database_url))
    both = [connection, Elsewhere.lease_connection].map { |one| described_class.new(connection: one, batch_size: 2) }
    reports = both.map { |one| Thread.new { one.run(verify: false) } }.map(&:value)
    expect(reports.sum { |report| report.total.tasks }).to eq(tasks.size)
    expect(import.verify.problems).to be_empty
  end

  it "does nothing the second time" do
    import.run
    expect { expect(import.run.total.tasks).to eq(0) }.not_to(change { result })
    expect(import.run.to_s).to start_with("There was nothing left to import.")
  end

  it "brings over what has come to the ancestor's tables since" do
    import.run
    later = Histories.order(ancestor)
    expect(import.run).to have_attributes(ok?: true, total: have_attributes(tasks: 1))
    expect(id_of(later)).not_to be_nil
  end

  it "finds what is there where the map was lost, and writes it down anew" do
    import.run
    ids = connection.select_rows("select old_task_id, task_id from tasker_import_map order by 1")
    connection.execute("drop table tasker_import_map")
    expect { import.run }.not_to(change { result })
    expect(connection.select_rows("select old_task_id, task_id from tasker_import_map order by 1")).to eq(ids)
  end

  it "brings over the open tasks first, and the history apart where that is asked for" do
    first = import.run(only: :open)
    expect(first[:open].tasks).to eq(9)
    expect(first[:ended].tasks).to eq(0)
    expect(first).to be_ok
    engine.worker(["order/charge"])
    expect(import.run(only: :ended)[:ended].tasks).to eq(6)
    expect(import.verify.problems).to be_empty
  end
end
