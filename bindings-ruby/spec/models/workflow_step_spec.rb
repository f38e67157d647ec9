# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::WorkflowStep, :models do
  let(:diamond) { {start: [], left: [:start], right: [:start], join: %i[left right]} }
  let(:task) { task_of(diamond, context: {order: 7}) }
  let(:steps) { task.workflow_steps.index_by(&:name) }

  it "is found by its task and number" do
    step = described_class.find([task.task_id, 2])
    expect(step).to have_attributes(id: [task.task_id, 2], workflow_step_id: 2, name: "left")
    expect(described_class.where(workflow_step_id: 2, task_id: task.task_id)).to contain_exactly(step)
    expect(task.workflow_steps.find_by(workflow_step_id: 3).name).to eq("right")
  end

  it "has the columns of the ancestor, or readers for them" do
    expect(steps["start"]).to have_attributes(
      status: "pending", processed: false, in_process: false, processed_at: nil, attempts: 0, retry_limit: 3, retryable: true,
      skippable: false, inputs: {"order" => 7}, results: {}, created_at: task.created_at, updated_at: task.created_at,
      backoff_request_seconds: nil, last_attempted_at: nil
    )
    expect(steps["start"].named_step).to have_attributes(name: "start", named_step_id: steps["start"].named_step_id)
    start = claim(task)["start"]
    expect(steps["start"].reload).to have_attributes(in_process: true, processed: false, attempts: 1)
    complete(start)
    run(task, but: ["left"])
    expect(steps["right"].reload).to have_attributes(processed: true, complete?: true, results: {"by" => "right"})
    expect(steps["right"].processed_at).to be_a(Time)
  end

  it "knows its place in the graph" do
    expect(steps["join"].parents.map(&:name)).to eq(%w[left right])
    expect(steps["start"].children.map(&:name)).to eq(%w[left right])
    expect(steps["left"].siblings.map(&:name)).to eq(%w[right])
    expect(steps["start"].siblings).to be_empty
    expect(steps["start"]).to have_attributes(root_step?: true, leaf_step?: false)
    expect(steps["join"]).to have_attributes(root_step?: false, leaf_step?: true)
    expect(steps["left"].step_dag_relationship)
      .to have_attributes(parent_step_ids_array: [1], child_step_ids_array: [4], has_parents?: true, has_children?: true)
  end

  it "loads parents, children and transitions of many steps in a fixed number of queries" do
    register("long", {a: [], b: [:a], c: [:b], d: [:c], e: %i[a d]})
    ids = [task, create_task("long")].map(&:task_id)
    loaded = -> {
      described_class.where(task_id: ids).includes(:named_step, :parents, :children, :workflow_step_transitions, :step_dag_relationship)
        .map { |step| [step.name, step.parents.map(&:name), step.children.map(&:name), step.workflow_step_transitions.size] }
    }
    expect(statements { expect(loaded.call.size).to eq(9) }).to be <= 12
    expect(loaded.call).to include(["e", %w[a d], [], 1], ["join", %w[left right], [], 1])
  end

  it "joins what it belongs to" do
    expect(described_class.joins(:named_step).where(named_step: {name: "left"}, task_id: task.task_id)).to contain_exactly(steps["left"])
    expect(described_class.joins(:parents).where(task_id: task.task_id).distinct).to match_array(steps.values - [steps["start"]])
  end

  it "is found by name among some steps, else among all of their tasks" do
    expect(described_class.find_step_by_name([steps["left"]], "left")).to be(steps["left"])
    expect(described_class.find_step_by_name([steps["left"]], "join")).to eq(steps["join"])
    expect(described_class.find_step_by_name([], "join")).to be_nil
    expect(described_class.find_step_by_name([steps["left"]], "none")).to be_nil
  end

  it "sums up a task" do
    run(task, but: ["right"])
    expect(described_class.task_completion_stats(task)).to include(
      total_steps: 4, completed_steps: 2, failed_steps: 0, pending_steps: 2, all_complete: false,
      latest_completion_time: steps["left"].reload.ended_at
    )
    expect(described_class.for_task(task).completed.map(&:name)).to eq(%w[start left])
    expect(described_class.for_task(task).pending.map(&:name)).to eq(%w[right join])
  end

  describe "readiness" do
    it "goes by the claim" do
      expect(steps["start"]).to have_attributes(ready?: true, dependencies_satisfied?: true, ready_status?: true, retry_eligible?: true)
      expect(steps["join"]).to have_attributes(ready?: false, dependencies_satisfied?: false)
      expect(described_class.get_viable_steps(task, task_sequence).map(&:name)).to eq(%w[start])
    end

    it "counts a pause, once it is asked again" do
      start = steps["start"]
      expect(start.ready?).to be true
      task.pause!
      expect(start.ready?).to be true
      expect(start.reload.ready?).to be false
    end

    it "tells a failure that is tried again from one that is not" do
      run_failing(task, "start", retry_after: 60.0)
      start = steps["start"].reload
      expect(start).to have_attributes(
        in_error?: true, waiting_for_backoff?: true, can_retry_now?: false, retry_exhausted?: false, has_retry_attempts?: true
      )
      expect(start.next_retry_at).to be_within(1).of(60.seconds.from_now)
      move_clock(61)
      expect(start.reload.can_retry_now?).to be true
      run_failing(task, "start", retryable: false)
      expect(start.reload).to have_attributes(next_retry_at: nil, can_retry_now?: false, retry_eligible?: false)
    end

    it "is asked for many steps in one query" do
      loaded = task.workflow_steps.to_a
      expect(statements { described_class.load_readiness(loaded) }).to eq(1)
      expect(statements { expect(loaded.map(&:ready?)).to eq([true, false, false, false]) }).to eq(0)
    end

    def task_sequence = Struct.new(:steps).new(task.workflow_steps.to_a)
  end

  describe "verbs" do
    before { run_failing(task, "start", retryable: false) }

    it "retries, by choice with the whole budget" do
      start = steps["start"]
      expect(start.retry!(by: "ada")).to be(start)
      expect(start).to have_attributes(status: "pending", attempts: 1)
      run_failing(task, "start", retryable: false)
      expect(start.reload.retry!(reset_attempts: true)).to have_attributes(status: "pending", attempts: 0)
    end

    it "resolves with results, and cancels" do
      expect(steps["start"].resolve!({"found" => 1}, by: "ada")).to have_attributes(status: "resolved_manually", results: {"found" => 1})
      expect(steps["left"].reload.ready?).to be true
      expect(steps["right"].cancel!(reason: "not needed")).to have_attributes(status: "cancelled", cancelled?: true)
    end

    it "goes on by a higher limit, and takes its own inputs" do
      register("once", {only: {retry_limit: 1}})
      once = run_failing(create_task("once", context: {a: 1}), "only")
      only = once.step("only")
      expect(only).to have_attributes(retry_exhausted?: true, inputs: {"a" => 1})
      only.update!(retry_limit: 2, inputs: {"a" => 2})
      expect(only).to have_attributes(retry_exhausted?: false, ready?: true, inputs: {"a" => 2})
      expect(once.reload.status).to eq("in_progress")
    end
  end
end
