# frozen_string_literal: true

require_relative "testing_helper"

RSpec.describe "Tests with a live worker", :database do
  include Tasker::SpecHelpers

  before do
    Tasker::HandlerFactory.instance.clear!
    KitOrder.register
    Tasker.client = client
  end

  after { Tasker.client = nil }

  def tasker_connection = @connection ||= PG.connect(database_url)

  it "run on what is committed" do
    result = run_live_workflow("order", namespace: "kit", context: {price: 21})
    expect(result).to complete_workflow
    expect(result).to have_completed_step("ship").with_results(shipped: true, paid: 42)
    expect(result).to have_executed_steps("validate", "charge", "ship").in_order
    expect(result.executions.map(&:seconds)).to all(be >= 0)
    expect(client.task(result.task_id).status).to eq("complete")
  end

  it "tell of attempts that failed, by the trail" do
    result = run_live_workflow("order", namespace: "kit", context: {price: -1})
    expect(result).to fail_workflow.at_step("charge")
    expect(result.executions.map { |one| [one.step, one.attempt, one.outcome, one.error] })
      .to eq([["validate", 1, "completed", nil], ["charge", 1, "failed", "the card was refused"]])
  end

  it "leave what the application creates committed" do
    with_live_worker(concurrency: 2) do |live|
      expect(Tasker.client).to equal(client)
      created = Tasker.client.create_task("order", namespace: "kit", context: {price: 1})
      expect(live.wait(created.task_id, within_seconds: 30).status).to eq("complete")
    end
  end

  it "are refused inside a transaction, with what to do" do
    workflow_test
    expect { run_live_workflow("order", namespace: "kit", context: {price: 1}) }
      .to raise_error(Tasker::Testing::OpenTransactionError, /use_transactional_tests = false/)
    expect { with_live_worker { nil } }.to raise_error(Tasker::Testing::OpenTransactionError)
  end

  it "say what a task does that does not end in time" do
    Tasker.handler("Kit sleeper") { |step| step.wait_cancelled(5) }
    client.register_template({name: "sleep", version: "1.0.0", step_templates: [{name: "sleep", handler: "Kit sleeper"}]})
    expect { run_live_workflow("sleep", within_seconds: 0.2) }.to raise_error(Tasker::WaitTimeoutError)
  ensure
    Tasker.handlers.delete("Kit sleeper")
  end
end
