# frozen_string_literal: true

require_relative "import_helper"

RSpec.describe Tasker::Import, "of the history", :database, :import do
  let!(:tasks) { Histories.leave(ancestor) }
  let(:id) { tasks.transform_values { |old| id_of(old) } }

  before { register_templates }

  it "brings over everything, and finds nothing that is not what it was" do
    report = import(batch_size: 4).run
    expect(report.verification.problems).to be_empty
    expect(report).to be_ok
    expect(report.total).to have_attributes(tasks: tasks.size, annotations: 2)
    expect(engine.value("select count(*) from tasker.tasks")).to eq(tasks.size)
    expect(report.verification.counts[%w[tasks complete]]).to eq([4, 4])
    expect(report.verification.counts[%w[steps error]].uniq.size).to eq(1)
    expect(report.verification.source_checksum).to eq(report.verification.target_checksum)
  end

  it "changes nothing in the ancestor's tables" do
    expect { import.run }.not_to(change { ancestor.fingerprint })
  end

  it "gives ids that carry the time and the old id, and writes down which is whose" do
    import.run
    created_at, carried = connection.select_rows(<<~SQL).first
      select o.created_at, tasker.uuid_v7_time(m.task_id) from tasker_tasks o join tasker_import_map m on m.old_task_id = o.task_id
      where o.task_id = #{tasks[:finished]}
    SQL
    expect(carried).to be_within(0.001).of(created_at)
    expect(id[:finished].delete("-")[16..].to_i(16) & ((1 << 62) - 1)).to eq(tasks[:finished])
    expect(connection.select_values("select old_task_id from tasker_import_map order by task_id")).to eq(tasks.values.sort)
    steps = engine.value("select to_json(old_step_ids)::text from tasker_import_map where old_task_id = $1", tasks[:finished])
    expect(JSON.parse(steps)).to eq(ancestor.step_ids(tasks[:finished]))
  end

  it "keeps what is known of a task" do
    import.run
    task = engine.task(id[:finished])
    expect(task).to include(
      "state" => "complete", "reason" => "a customer", "initiator" => "unknown", "tags" => "{vip,eu}", "bypass_steps" => "{}",
      "context" => '{"order": 7}', "total_steps" => 3, "open_sinks" => 0, "irregular" => false, "created_xid" => "2"
    )
    expect(task["requested_at"]).to be < task["created_at"]
    expect(task["started_at"]).to be > task["created_at"]
    expect(task["completed_at"]).to be >= task["started_at"]
  end

  it "keeps what is known of its steps, numbered in their order, with what waits for what" do
    import.run
    steps = engine.steps(id[:finished])
    expect(steps.keys).to eq(%w[validate charge ship])
    expect(steps.values.map { |step| step["step_no"] }).to eq([1, 2, 3])
    expect(steps["charge"]).to include(
      "state" => "complete", "attempts" => 1, "retry_limit" => 3, "open_parents" => 0, "parent_count" => 1,
      "dependents_json" => "[3]", "inputs" => nil, "ready_at" => nil, "results_json" => '{"by": "charge"}'
    )
    expect(steps["charge"]["ended_at"]).to be_within(0.001).of(Ancestor::BEGINNING + 7)
    expect(steps["ship"]["dependents_json"]).to be_nil
  end

  it "keeps the trail with its times and metadata, numbered in ones" do
    import.run
    moves = engine.moves(id[:retried], 2)
    expect(moves.map { |move| move.values_at("seq", "from_state", "to_state", "attempt") }).to eq([
      [1, "pending", "in_progress", 1], [2, "in_progress", "error", 1], [3, "error", "pending", 1],
      [4, "pending", "in_progress", 2], [5, "in_progress", "complete", 2]
    ])
    expect(moves.map { |move| move["metadata"] }).to eq([nil, '{"error": "503"}', nil, nil, nil])
    expect(moves.map { |move| move["created_at"] }).to eq(ancestor.times_of_step(ancestor.step_ids(tasks[:retried])[1]))
    expect(engine.moves(id[:retried]).map { |move| move["to_state"] }).to eq(%w[in_progress pending in_progress complete])
    expect(engine.value(<<~SQL, id[:retried])).to be(true)
      select bool_and(x.most_recent = (x.sort_key = 5)) from tasker.workflow_step_transition_log x
      where x.task_id = $1::uuid and x.workflow_step_id = 2
    SQL
  end

  it "leaves out that something began as pending, which goes without saying" do
    connection.execute(<<~SQL)
      insert into tasker_task_transitions (task_id, to_state, sort_key, most_recent, created_at, updated_at)
      values (#{tasks[:finished]}, 'pending', 1, false, now(), now())
    SQL
    expect(import.run).to be_ok
    expect(engine.moves(id[:finished]).map { |move| move["from_state"] }).to eq(%w[pending in_progress])
  end

  it "keeps annotations and the catalogue" do
    import.run
    found = connection.select_rows(<<~SQL)
      select y.name, a.annotation ->> 'carrier'
      from tasker.task_annotations a join tasker.annotation_types y using (annotation_type_id)
      where a.task_id = '#{id[:finished]}' order by a.task_annotation_id
    SQL
    expect(found).to eq([["shipment", "DHL"], ["note", nil]])
    expect(connection.select_values("select name from tasker.namespaces order by 1")).to eq(%w[analytics billing default shop])
    expect(connection.select_value("select description from tasker.dependent_systems where name = 'bank'")).to eq("the bank's API")
    expect(connection.select_rows("select remote_id_one, remote_id_two from tasker.dependent_system_object_maps"))
      .to eq([["c-7", "k-9"]])
    expect(connection.select_value("select version_order::text from tasker.named_tasks where version = '2.0.0'")).to eq("{2,0,0}")
  end

  it "cancels what was open in a task that had ended, and says so in the trail" do
    import.run
    steps = engine.steps(id[:cancelled])
    expect(steps.transform_values { |step| step["state"] })
      .to eq("validate" => "complete", "charge" => "cancelled", "ship" => "cancelled")
    expect(engine.task(id[:cancelled])["state"]).to eq("cancelled")
    move = engine.moves(id[:cancelled], 3).last
    expect(move).to include("from_state" => "pending", "to_state" => "cancelled")
    expect(JSON.parse(move["metadata"])).to include("verb" => "import", "by" => "tasker:import")
    # What had failed for good stays what it is.
    expect(engine.steps(id[:resolved])["charge"]["state"]).to eq("error")
  end

  it "takes the application's template for the tasks that have its graph" do
    import.run
    same = engine.value(<<~SQL)
      select count(*) from tasker.tasks t join tasker.named_tasks n on n.plan_id = t.plan_id
      where n.name = 'order' and n.version = '1.0.0'
    SQL
    expect(same).to eq(tasks.size - 4) # of another name or version; and one that may run once only
    expect(engine.steps(id[:fresh])["charge"]["handler"]).to eq("order/charge")
  end

  it "makes a plan of their own for the others, from which no new task is made" do
    report = import.run
    plan = engine.rows(<<~SQL, id[:second_version]).first
      select p.*, n.plan_id as current, p.configuration -> 'step_templates' -> 1 ->> 'name' as second,
             p.configuration ->> 'configuration' as configured
      from tasker.tasks t join tasker.plans p using (plan_id) join tasker.named_tasks n on n.named_task_id = t.named_task_id
      where t.task_id = $1::uuid
    SQL
    expect(plan).to include("current" => nil, "step_count" => 3, "sink_count" => 1, "second" => "check_fraud", "configured" => nil)
    expect(plan["replaced_at"]).to eq(plan["registered_at"])
    # Handlers are those of the version that is registered, else called as the engine calls them.
    expect(engine.steps(id[:second_version]).transform_values { |step| step["handler"] })
      .to eq("validate" => "order/validate", "check_fraud" => "shop.order.check_fraud", "charge" => "order/charge")
    expect(report.unserved)
      .to eq("shop.order@2.0.0" => ["shop.order.check_fraud"], "billing.refund@1.0.0" => ["billing.refund.refund_payment"])
    expect(report.to_s).to include("shop.order@2.0.0: shop.order.check_fraud")
  end

  it "lets a template be registered afterwards, whatever its content" do
    import.run
    expect(engine.register("billing", "refund", "1.0.0", {refund_payment: {system: "bank"}})).to eq("new")
  end

  it "keeps the configuration of a named task where there is one" do
    connection.execute(%q(update tasker_named_tasks set configuration = '{"owner": "ada"}' where name = 'refund'))
    import.run
    expect(connection.select_value(<<~SQL)).to eq("ada")
      select p.configuration -> 'configuration' ->> 'owner'
      from tasker.plans p join tasker.named_tasks n using (named_task_id) where n.name = 'refund'
    SQL
  end

  it "has one plan for all tasks of one graph" do
    import(batch_size: 1).run
    expect(connection.select_value("select count(*) from tasker.plans where digest like 'import:%'")).to eq(3)
  end

  it "reads timestamps as they were written, whatever the time zone of the session" do
    connection.execute("set timezone = 'Asia/Tokyo'")
    expect(import.run).to be_ok
    connection.execute("set timezone = 'UTC'")
    written = engine.value("select created_at from tasker_tasks where task_id = $1", tasks[:finished])
    expect(engine.task(id[:finished])["created_at"]).to eq(written)
  end

  it "makes partitions of the trail for a long history" do
    ancestor.task("shop", "order", "1.0.0", at: Time.utc(2025, 12, 24), trail: Histories::RAN,
      steps: {validate: {trail: Histories::RAN}})
    database = described_class::Database.new(connection, source_schema: nil, schema: nil)
    made = described_class::Partitions.new(database, threshold_bytes: 0).create
    expect(made.size).to be >= 20
    expect(import.run).to be_ok
    expect(connection.select_value("select count(*) from tasker.workflow_step_transitions_default")).to eq(0)
    expect(described_class::Partitions.new(database, threshold_bytes: 0).create).to be_empty
  end
end
