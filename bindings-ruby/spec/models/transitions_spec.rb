# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe "the trail", :models do
  let(:task) { task_of({only: {retry_limit: 2}}) }
  let(:step) { task.step("only") }

  before do
    move_clock(0)
    task
    move_clock(1)
    claims = claim(task)
    move_clock(3)
    fail_step(claims["only"], "the bank is closed", code: "CLOSED", retry_after: 5.0)
    move_clock(5)
    claims = claim(task)
    move_clock(2)
    complete(claims["only"])
  end

  it "of a task begins with its creation" do
    expect(task.task_transitions.map { |move| [move.sort_key, move.from_state, move.to_state, move.most_recent] })
      .to eq([[0, nil, "pending", false], [1, "pending", "in_progress", false], [2, "in_progress", "complete", true]])
    expect(task.task_transitions.map(&:description)).to all(be_a(String))
    expect(Tasker::TaskTransition.where(task_id: task.task_id).recent.first).to have_attributes(
      completion_transition?: true, error_transition?: false, cancellation_transition?: false, duration_since_previous: 10.0
    )
  end

  it "of a step has its attempts" do
    moves = step.workflow_step_transitions
    expect(moves.map(&:to_state)).to eq(%w[pending in_progress error pending in_progress complete])
    expect(moves.map(&:attempt_number)).to eq([1, 1, 1, 1, 2, 2])
    expect(moves.map(&:execution_duration)).to eq([nil, nil, 3.0, nil, nil, 2.0])
    expect(moves.map(&:retry_transition?)).to eq([false, false, false, true, false, false])
    expect(moves.map(&:description)).to eq([
      "The step was created", "Attempt 1 was claimed", "Attempt 1 failed: the bank is closed", "The step is tried again",
      "Attempt 2 was claimed", "Attempt 2 completed the step"
    ])
  end

  it "is searched by state, metadata, time and attempt" do
    moves = step.workflow_step_transitions
    failed = moves.to_state("error").first
    expect(moves.with_metadata_key("error")).to contain_exactly(failed)
    expect(moves.with_metadata_value("error_code", "CLOSED")).to contain_exactly(failed)
    expect(moves.most_recent_to_state(:in_progress).sort_key).to eq(4)
    expect(moves.for_attempt(2).map(&:to_state)).to eq(%w[in_progress complete])
    expect(moves.in_time_range(failed.created_at, failed.created_at)).to contain_exactly(failed)
    expect(Tasker::WorkflowStepTransition.for_task(task.task_id).retry_transitions.count).to eq(1)
  end

  it "tells its metadata" do
    failed = step.workflow_step_transitions.to_state("error").first
    expect(failed.has_metadata?(:error)).to be true
    expect(failed.get_metadata(:error_code)).to eq("CLOSED")
    expect(failed.get_metadata(:none, "else")).to eq("else")
    expect(failed.formatted_metadata).to include(
      "error" => "the bank is closed", "duration_since_previous" => 3.0, "step_name" => "only", "task_id" => task.task_id
    )
  end

  it "has statistics" do
    expect(step.workflow_step_transitions.statistics).to include(
      total_transitions: 6, states: include("in_progress" => 2), recent_activity: 6, retry_attempts: 1,
      average_execution_time: be_within(0.001).of(2.5), average_time_between_transitions: be_within(0.001).of(11 / 5.0)
    )
    expect(task.task_transitions.statistics).to include(total_transitions: 3, average_time_between_transitions: be_within(0.001).of(5.5))
    expect(Tasker::TaskTransition.none.statistics).to include(average_time_between_transitions: nil)
  end

  it "tells when the last failure is tried again" do
    failed = run_failing(create_task("order"), "only", retry_after: 30.0)
    move = failed.step("only").workflow_step_transitions.last
    expect(move.backoff_info).to include(backoff_seconds: be_within(0.001).of(30), retry_available: true)
    expect(step.workflow_step_transitions.to_state("error").first.backoff_info).to be_nil
  end

  it "of the graph are edges" do
    register("pair", {a: [], b: [:a], c: [:a]})
    a, b, = create_task("pair").workflow_steps.to_a
    expect(Tasker::WorkflowStepEdge.children_of(a).map { |edge| edge.to_step.name }).to eq(%w[b c])
    expect(Tasker::WorkflowStepEdge.parents_of(b).map { |edge| [edge.from_step.name, edge.name] }).to eq([%w[a provides]])
    expect(Tasker::WorkflowStepEdge.siblings_of(b).provides_edges.map { |edge| edge.to_step.name }).to eq(%w[c])
    expect(Tasker::StepDagRelationship.for_task(a.task_id).root_steps.map(&:workflow_step)).to eq([a])
    expect(Tasker::StepDagRelationship.for_task(a.task_id).leaf_steps.with_parents.count).to eq(2)
  end
end
