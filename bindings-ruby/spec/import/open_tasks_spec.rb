# frozen_string_literal: true

require_relative "import_helper"

RSpec.describe Tasker::Import, "of tasks that have not ended", :database, :import do
  let!(:tasks) { Histories.leave(ancestor) }
  let(:id) { tasks.transform_values { |old| id_of(old) } }

  before { register_templates }

  # The state of a task, and of its steps.
  def states(task_id) = [engine.task(task_id)["state"], *engine.steps(task_id).each_value.map { |step| step["state"] }]

  describe "what becomes of them" do
    before { import.run }

    it "leaves one that has not begun as it is" do
      expect(states(id[:fresh])).to eq(%w[pending pending pending pending])
      expect(engine.steps(id[:fresh])["validate"]).to include("open_parents" => 0, "claim_no" => 0, "ready_at" => be_a(Time))
      expect(engine.steps(id[:fresh])["charge"]).to include("open_parents" => 1, "ready_at" => nil)
    end

    it "has a failed step tried again, which the ancestor never did" do
      step = engine.steps(id[:waiting])["charge"]
      expect(step).to include("state" => "error", "attempts" => 1, "mode" => 0)
      expect(step["ready_at"]).to be_within(60).of(Time.now)
      expect(JSON.parse(step["results_json"])).to include("error" => "the bank is closed", "retryable" => true, "attempt" => 1)
    end

    it "waits as long as a service has asked for" do
      expect(engine.steps(id[:asked_to_wait])["charge"]["ready_at"]).to be_within(60).of(Time.now + 86_400)
    end

    it "leaves what has no attempt left to an operator" do
      expect(states(id[:exhausted])).to eq(%w[error complete error pending])
      expect(engine.steps(id[:exhausted])["charge"]["ready_at"]).to be_nil
    end

    it "does not try again what its handler has declared permanent" do
      expect(states(id[:permanent])).to eq(%w[error complete error pending])
      results = JSON.parse(engine.steps(id[:permanent])["charge"]["results_json"])
      expect(results).to include("retryable" => false, "error_code" => "DECLINED", "error_details" => {"error_code" => "DECLINED"})
      expect(engine.moves(id[:permanent]).last).to include("from_state" => "pending", "to_state" => "error")
    end

    it "goes on behind a step that was resolved by hand" do
      expect(states(id[:step_resolved])).to eq(%w[in_progress complete resolved_manually pending])
      expect(engine.moves(id[:step_resolved]).map { |move| move["to_state"] }).to eq(%w[in_progress error pending in_progress])
      expect(engine.steps(id[:step_resolved])["ship"]["ready_at"]).not_to be_nil
    end

    it "makes ready again what was in progress, and counts the attempt that was cut off" do
      step = engine.steps(id[:interrupted])["charge"]
      expect(step).to include("state" => "pending", "attempts" => 1, "ready_at" => be_a(Time), "ended_at" => nil)
      move = engine.moves(id[:interrupted], 2).last
      expect(move).to include("seq" => 2, "from_state" => "in_progress", "to_state" => "pending", "attempt" => 1)
      expect(JSON.parse(move["metadata"])).to include("verb" => "import", "reason" => /no more/)
    end

    it "does not run again what may run only once" do
      step = engine.steps(id[:interrupted_once])["charge"]
      expect(step).to include("state" => "error", "ready_at" => nil, "retry_limit" => 1)
      expect(JSON.parse(step["results_json"])).to include("error_code" => "worker_lost", "retryable" => false)
      expect(states(id[:interrupted_once]).first).to eq("error")
    end

    it "waits in a diamond for the branch that is not done" do
      steps = engine.steps(id[:diamond])
      expect(steps["merge"]).to include("open_parents" => 1, "parent_count" => 2, "ready_at" => nil)
      expect(steps["extract"]["dependents_json"]).to eq("[2,3]")
      expect(steps["users"]["ready_at"]).not_to be_nil
      expect(engine.task(id[:diamond])).to include("state" => "pending", "open_sinks" => 1)
    end

    it "agrees with what the engine says of readiness" do
      wrong = connection.select_rows(<<~SQL)
        select t.task_id, r.name from tasker.tasks t cross join lateral tasker.get_step_readiness_status(t.task_id) r
        join tasker.workflow_steps s on s.task_id = r.task_id and s.step_no = r.workflow_step_id
        where r.dependencies_satisfied and r.current_state = 'pending' and s.ready_at is null
      SQL
      expect(wrong).to be_empty
      reasons = connection.select_values("select w.reason from tasker.tasks t cross join lateral tasker.why(t.task_id) w")
      expect(reasons).not_to include("stranded")
    end
  end

  it "runs them to their end, by the engine's own functions" do
    import.run
    due = %i[fresh waiting step_resolved interrupted diamond]
    ran = due.to_h { |name| [name, engine.run(id[name], all_handlers)] }
    expect(ran).to eq(
      fresh: %w[validate charge ship], waiting: %w[charge ship], step_resolved: %w[ship], interrupted: %w[charge ship],
      diamond: %w[users merge]
    )
    expect(due.map { |name| engine.task(id[name])["state"] }.uniq).to eq(["complete"])
    expect(engine.moves(id[:fresh]).map { |move| move["to_state"] }).to eq(%w[in_progress complete])
    expect(engine.steps(id[:waiting])["charge"]).to include("attempts" => 2, "claim_no" => 2)
  end

  it "runs them with a worker" do
    import.run
    %w[validate charge ship].each { |step| handlers.add("order/#{step}") { {by: step} } }
    %w[extract orders users merge].each { |step| handlers.add("report/#{step}") { |given| {"from" => given.context["day"]} } }
    working(concurrency: 4) do
      expect(ended(id[:fresh]).status).to eq("complete")
      expect(ended(id[:interrupted]).status).to eq("complete")
      expect(ended(id[:diamond]).status).to eq("complete")
    end
    expect(client.step(id[:diamond], "merge").results).to eq("from" => "2026-03-01")
  end

  it "lets an operator retry what had failed for good" do
    import.run
    engine.rows("select from tasker.retry_task($1::uuid, 'ada', 'the bank is open')", id[:exhausted])
    expect(engine.run(id[:exhausted], all_handlers)).to eq(%w[charge ship])
    expect(engine.task(id[:exhausted])["state"]).to eq("complete")
  end

  it "imports old ones paused where it is asked to, and they go on when they are resumed" do
    report = import(pause_before: Ancestor::BEGINNING + 86_400).run
    expect(report).to be_ok
    expect(report[:open].paused).to eq(9)
    expect(engine.run(id[:fresh], all_handlers)).to be_empty
    expect(engine.task(id[:fresh])).to include("state" => "pending", "paused_by" => "tasker:import")
    engine.rows("select from tasker.resume_task($1::uuid)", id[:fresh])
    expect(engine.run(id[:fresh], all_handlers)).to eq(%w[validate charge ship])
    expect(engine.task(id[:finished])["paused_at"]).to be_nil
  end

  it "starts in a free slot only what has one attempt left" do
    old = Histories.order(ancestor, trail: %i[in_progress pending],
      validate: {trail: %i[in_progress error], attempts: 2, results: Histories::FAILURE})
    import.run
    expect(engine.steps(id_of(old))["validate"]).to include("state" => "error", "mode" => 1)
  end
end
