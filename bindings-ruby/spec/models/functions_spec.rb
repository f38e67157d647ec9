# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::Functions, :models do
  let(:task) { task_of({start: [], middle: [:start], finish: %i[start middle]}) }
  let(:other) do
    task
    create_task("order")
  end

  describe Tasker::StepReadinessStatus do
    def status(name) = described_class.for_task(task.task_id).find { |one| one.name == name }

    it "tells what keeps a step" do
      expect(status("start")).to have_attributes(
        can_execute_now?: true, blocking_reason: nil, dependency_status: "no_dependencies", retry_status: "retry_eligible",
        backoff_type: "no_backoff", effective_backoff_seconds: 0.0, time_until_ready: 0
      )
      run(task, but: ["middle"])
      expect(status("start")).to have_attributes(blocking_reason: "invalid_state", retry_status: "retry_eligible")
      expect(status("middle")).to have_attributes(blocking_reason: "invalid_state", dependency_status: "all_satisfied")
      expect(status("finish")).to have_attributes(
        blocking_reason: "dependencies_not_satisfied", dependency_status: "1/2_satisfied", time_until_ready: nil
      )
    end

    it "tells the wait that the engine will really make" do
      run_failing(task, "start", retry_after: 20.0)
      expect(status("start")).to have_attributes(
        blocking_reason: "retry_not_eligible", retry_status: "waiting_for_backoff", backoff_type: "explicit_backoff",
        effective_backoff_seconds: be_within(0.001).of(20), time_until_ready: be_within(2).of(20), failed_for_good?: false
      )
      move_clock(21)
      expect(status("start")).to have_attributes(ready_for_execution: true, time_until_ready: 0)
      run_failing(task, "start")
      expect(status("start")).to have_attributes(backoff_type: "exponential_backoff", effective_backoff_seconds: be_between(1.5, 2.5))
    end

    it "tells a permanent failure whatever is left of the attempts, and a pause" do
      other.pause!
      expect(described_class.for_task(other.task_id).first.blocking_reason).to eq("unknown")
      run_failing(task, "start", retryable: false)
      expect(status("start")).to have_attributes(
        attempts: 1, retry_status: "max_retries_reached", blocking_reason: "retry_not_eligible", failed_for_good?: true
      )
    end

    it "has lists by state, and is its own object" do
      run(task, but: ["middle"])
      id = task.task_id
      expect(described_class.complete_for_task(id).map(&:name)).to eq(["start"])
      expect(described_class.in_progress_for_task(id).map(&:name)).to eq(["middle"])
      expect(described_class.pending_for_task(id).map(&:name)).to eq(["finish"])
      expect(described_class.failed_for_task(id)).to be_empty
      expect(described_class.ready_for_task(id)).to be_empty
      expect(described_class.blocked_by_dependencies_for_task(id).map(&:name)).to eq(["finish"])
      expect(described_class.for_steps(id, [2, 3]).map(&:name)).to eq(%w[middle finish])
      one = described_class.for_task(id, [2]).first
      expect(one.workflow_step).to eq(task.step("middle"))
      expect(one.task).to eq(task)
      expect(one).to be_readonly
      expect(one.to_h).to include(name: "middle", detailed_status: include(current_state: "in_progress"))
    end

    it "is asked for many tasks in one query" do
      ids = [task.task_id, other.task_id]
      expect(statements { expect(described_class.for_tasks(ids).size).to eq(6) }).to eq(1)
      expect(statements { expect(described_class.for_tasks([])).to eq([]) }).to eq(0)
    end
  end

  describe Tasker::TaskExecutionContext do
    it "sums a task up, and says what is next" do
      expect(described_class.find(task.task_id)).to have_attributes(
        has_work_to_do?: true, can_make_progress?: true, is_healthy?: true, needs_immediate_action?: true,
        next_action_details: {action: "execute_ready_steps", description: "1 step is ready for a worker", urgency: "high", can_proceed: true}
      )
      claim(task)
      expect(described_class.find(task.task_id).next_action_details).to include(action: "wait_for_completion", urgency: "low")
    end

    it "knows the end, good and bad" do
      run_failing(other, "start", retryable: false)
      expect(described_class.find(other.task_id)).to have_attributes(
        is_blocked?: true, needs_intervention?: true, next_action_details: include(action: "handle_failures", urgency: "critical")
      )
      run(task)
      done = described_class.find(task.task_id)
      expect(done).to have_attributes(is_complete?: true, should_reenqueue?: false, completion_percentage: 100)
      expect(done.progress_details)
        .to eq(completed_ratio: "3/3", completion_percentage: "100.0%", remaining_steps: 0, failed_steps: 0, ready_steps: 0)
      expect(done.next_action_details).to include(action: "finalize_task", urgency: "medium", can_proceed: true)
      expect(done.task).to eq(task)
    end

    it "is asked for many tasks in one query, and is nil for none" do
      expect(described_class.for_tasks([other.task_id, task.task_id]).map(&:task_id)).to contain_exactly(task.task_id, other.task_id)
      expect(described_class.for_tasks([])).to eq([])
      expect(described_class.find(SecureRandom.uuid)).to be_nil
    end
  end

  it "gives the level of each step" do
    levels = Tasker::Functions::FunctionBasedDependencyLevels
    expect(levels.levels_hash_for_task(task.task_id)).to eq(1 => 0, 2 => 1, 3 => 2)
    expect(levels.max_level_for_task(task.task_id)).to eq(2)
    expect(levels.root_steps_for_task(task.task_id)).to eq([1])
    expect(levels.for_task(task.task_id).last.workflow_step).to eq(task.step("finish"))
  end

  it "counts tasks and steps" do
    run(task)
    other
    expect(Tasker::Functions::FunctionBasedSystemHealthCounts.call)
      .to have_attributes(total_tasks: 2, complete_tasks: 1, pending_tasks: 1, total_steps: 6, complete_steps: 3, max_connections: be > 0)
  end

  it "measures" do
    run(task)
    metrics = Tasker::Functions::FunctionBasedAnalyticsMetrics.call(1.hour.ago)
    expect(metrics).to have_attributes(completion_count: 1, error_count: 0, completion_rate: 100.0, step_throughput: 3)
    expect(metrics.calculated_at).to be_a(Time)
    expect(Tasker::Functions::FunctionBasedAnalyticsMetrics.call.to_h).to include(system_health_score: 1.0)
  end

  it "finds what was slow" do
    move_clock(0)
    task
    move_clock(5)
    run(task)
    slow = Tasker::Functions::FunctionBasedSlowestTasks.call(limit_count: 3, namespace_filter: "shop")
    expect(slow.first).to have_attributes(task_id: task.task_id, duration_seconds: 5.0, step_count: 3, completed_steps: 3)
    steps = Tasker::Functions::FunctionBasedSlowestSteps.call(since_timestamp: 1.hour.ago, task_name_filter: "order")
    expect(steps.size).to eq(3)
    expect(steps.first).to have_attributes(duration_seconds: 5.0, retryable: true, step_status: "complete")
    expect(Tasker::Functions::FunctionBasedSlowestTasks.call(version_filter: "9.9.9")).to eq([])
  end

  it "tells why a task does not go on, and a step" do
    run_failing(task, "start", retryable: false, code: "GONE")
    answer, *steps = task.why
    expect(answer).to have_attributes(of_task?: true, reason: "permanent_failure", blocked_by: "start")
    expect(steps.map(&:reason)).to eq(%w[permanent_failure failed_upstream failed_upstream])
    expect(steps.first[:failure]).to include("error_code" => "GONE")
    expect(task.step("finish").why).to have_attributes(blocked_by: "start", blocked_by_reason: "permanent_failure", of_task?: false)
  end

  it "leaves out columns that a later schema adds" do
    row = Tasker::TaskExecutionContext.single_from_sql_function("select 1 as later, $1::uuid as task_id", [task.task_id])
    expect(row.task_id).to eq(task.task_id)
  end
end
