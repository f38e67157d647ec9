# frozen_string_literal: true

require_relative "import_helper"

RSpec.describe Tasker::Import, "of what should not be there, and is", :database, :import do
  before do
    ancestor
    register_templates
  end

  let(:only) { engine.value("select task_id from tasker_import_map") }

  # Imports, and finds nothing wrong.
  def import_well
    report = import.run
    expect(report.verification.problems).to be_empty
    report
  end

  it "brings over a task without steps, which has nothing left to do" do
    ancestor.task("shop", "order", "1.0.0", steps: {})
    import_well
    expect(engine.task(only)).to include("state" => "complete", "total_steps" => 0)
  end

  it "brings over what has no context, no inputs, and tags that are no list" do
    ancestor.task("shop", "order", "1.0.0", tags: "vip".to_json, bypass_steps: {a: 1}.to_json, steps: Histories::ORDER)
    connection.execute(<<~SQL)
      update tasker_tasks set context = null;
      update tasker_workflow_steps set inputs = null, results = null, attempts = null, retry_limit = null
    SQL
    import_well
    expect(engine.task(only)).to include("context" => "{}", "tags" => "{vip}", "bypass_steps" => "{}")
    expect(engine.run(only, all_handlers)).to eq(%w[validate charge ship])
  end

  it "brings over inputs that an operator has given to a step" do
    charge = Histories::ORDER[:charge].merge(inputs: {"order" => 8})
    ancestor.task("shop", "order", "1.0.0", steps: Histories::ORDER.merge(charge:))
    import_well
    expect(engine.steps(only).each_value.map { |step| step["inputs"] }).to eq([nil, '{"order": 8}', nil])
  end

  it "keeps to the graph that a task has, whatever the template says by now" do
    steps = {validate: {trail: Histories::RAN}, charge: {system: "bank"}, ship: {after: %i[validate charge], system: "warehouse"}}
    ancestor.task("shop", "order", "1.0.0", steps:, trail: %i[in_progress pending])
    import_well
    expect(engine.steps(only)["ship"]).to include("parent_count" => 2, "open_parents" => 1)
    expect(engine.run(only, all_handlers)).to eq(%w[charge ship])
    expect(engine.task(only)["state"]).to eq("complete")
  end

  it "is not misled by edges that lead into another task, or back to where they come from" do
    one = ancestor.task("shop", "order", "1.0.0", steps: Histories::ORDER)
    other = ancestor.task("shop", "order", "1.0.0", steps: Histories::ORDER)
    ancestor.edge(ancestor.step_ids(one).first, ancestor.step_ids(other).first)
    ancestor.edge(ancestor.step_ids(one).first, ancestor.step_ids(one).first)
    import_well
    expect(engine.run(id_of(other), all_handlers)).to eq(%w[validate charge ship])
  end

  it "completes a task whose steps were done when its process died" do
    steps = Histories::ORDER.transform_values { |step| step.merge(trail: Histories::RAN) }
    ancestor.task("shop", "order", "1.0.0", steps:, trail: %i[in_progress])
    import_well
    expect(engine.task(only)["state"]).to eq("complete")
    expect(engine.moves(only).map { |move| move["to_state"] }).to eq(%w[in_progress complete])
  end

  it "completes a task in the middle of which something ran too early" do
    steps = Histories::ORDER.merge(ship: {after: :charge, system: "warehouse", trail: Histories::RAN})
    ancestor.task("shop", "order", "1.0.0", steps:, trail: %i[in_progress pending])
    import_well
    expect(engine.run(only, all_handlers)).to eq(%w[validate charge])
    expect(engine.task(only)["state"]).to eq("complete")
  end

  it "brings over results that are no object" do
    ancestor.task("shop", "order", "1.0.0", trail: %i[in_progress error], steps: {
      validate: {trail: Histories::RAN, results: [1, "two"]},
      charge: {after: :validate, system: "bank", trail: %i[in_progress error], results: "no", attempts: 3},
      ship: {after: :charge, system: "warehouse"}
    })
    import_well
    expect(engine.steps(only)["validate"]["results_json"]).to eq('[1, "two"]')
    expect(JSON.parse(engine.steps(only)["charge"]["results_json"])).to include("error" => "no", "retryable" => true)
  end

  it "numbers anew what has gaps, and brings over what comes later in time with a smaller id" do
    later = ancestor.task("shop", "order", "1.0.0", steps: Histories::ORDER, at: Time.utc(2026, 6, 1))
    earlier = ancestor.task("shop", "order", "1.0.0", steps: Histories::ORDER, at: Time.utc(2026, 5, 1))
    import_well
    expect(id_of(earlier)).to be < id_of(later)
  end

  it "brings over what lies in a schema of its own" do
    connection.execute(<<~SQL)
      create schema legacy;
      do $$ declare t text; begin
        for t in select tablename from pg_tables where schemaname = 'public' and tablename like 'tasker\\_%' loop
          execute format('alter table public.%I set schema legacy', t);
        end loop;
      end $$
    SQL
    connection.execute("set search_path = legacy")
    ancestor.task("shop", "order", "1.0.0", steps: Histories::ORDER)
    connection.execute("set search_path = public")
    import_well
    expect(engine.value("select count(*) from legacy.tasker_import_map")).to eq(1)
  end
end
