# frozen_string_literal: true

require_relative "testing_helper"
require "tasker/testing/test_orchestration"

RSpec.describe TestOrchestration do
  include Kit

  let(:coordinator) { TestOrchestration::TestCoordinator }
  let(:reenqueuer) { TestOrchestration::TestReenqueuer }
  let(:example) { Tasker::Testing::Example.new { Kit.connection } }

  before do
    Tasker::HandlerFactory.instance.clear!
    KitOrder.register
    Tasker::Testing.current = example
    coordinator.activate!
  end

  after do
    coordinator.deactivate!
    example.finish
  end

  def task = example.test.create("order", namespace: "kit", context: {price: 1})

  it "runs a task as production does, with the failures that are configured" do
    coordinator.configure_step_failure("charge", failure_count: 2, failure_message: "not now")
    failing = task
    expect(coordinator.process_task_production_path(failing)).to be(true)
    expect(example.test.report(failing).executions.filter_map(&:error)).to eq(["not now", "not now"])
    expect(coordinator.execution_log.last).to include(task_id: failing.task_id, message: "complete after 5 attempts")

    coordinator.configure_step_failure("charge", failure_count: 3)
    expect(coordinator.process_task_production_path(task)).to be(false)
    coordinator.clear_failure_patterns!
    expect(coordinator.process_task_production_path(task)).to be(true)
  end

  it "runs many, and does nothing while it is not active" do
    expect(coordinator.process_tasks_production_path([task, task]))
      .to include(total_workflows: 2, successful_workflows: 2, failed_workflows: 0)
    coordinator.deactivate!
    expect(coordinator.process_task_production_path(task)).to be(false)
    expect(coordinator.process_tasks_production_path([task])).to eq({})
    expect(reenqueuer.new.reenqueue_task(task)).to be(false)
  end

  it "keeps what is re-enqueued, and works it off" do
    strategy = reenqueuer.new
    queued = task
    expect(strategy.reenqueue_task(queued)).to be(true)
    expect(strategy.reenqueue_task_delayed(queued, delay_seconds: 300)).to be(true)
    expect(reenqueuer.pending_retries.map { |one| one[:reason] }).to eq(%w[test_retry test_delayed_retry])
    expect(reenqueuer.process_queue!).to eq([true, true])
    expect(reenqueuer).not_to have_queued_tasks
  end

  it "runs pass by pass" do
    coordinator.configure_step_failure("charge", failure_count: 2)
    coordinator.configure_step_failure("ship", failure_count: 2)
    strategy = reenqueuer.new
    passes = TestOrchestration::TestWorkflowCoordinator.new(reenqueuer_strategy: strategy, max_retry_attempts: 5)
    tried = task
    expect(passes.execute_workflow(tried).status).to eq("in_progress")
    expect(reenqueuer.retry_queue_size).to eq(1)
    expect(passes.execute_workflow_with_retries(tried)).to be(true)
    expect(passes.execution_stats).to include(total_executions: 6)

    impatient = TestOrchestration::TestWorkflowCoordinator.new(max_retry_attempts: 2)
    expect(impatient.execute_workflow_with_retries(task)).to be(false)
  end
end
