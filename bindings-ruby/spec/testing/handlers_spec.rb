# frozen_string_literal: true

require_relative "testing_helper"

RSpec.describe "Handlers for tests" do
  include Kit

  before { Kit.connection.exec("begin") }

  after { Kit.connection.exec("rollback") }

  # One step of a handler's, with a configuration.
  def run(handler, handler_config = nil)
    name = handler.name
    handlers = Tasker::Handlers.new.tap { |all| all.add(name, handler) }
    test = Tasker::Testing::Test.new(Kit.connection, handlers:)
    step = {name: "step", handler_class: name, handler_config:, default_retry_limit: 4}.compact
    test.register({name: "one", version: "1.0.0", step_templates: [step]})
    test.run("one").step("step")
  end

  it "fail in their first attempts" do
    step = run(Tasker::Testing::ConfigurableFailureHandler, {failure_count: 3, failure_message: "no"})
    expect(step).to have_attributes(status: "complete", attempts: 4)
    expect(step.results).to include("total_attempts" => 4, "failed_attempts" => 3, "step_name" => "step")
    expect(step.executions.filter_map(&:error)).to eq(%w[no no no])
    expect(run(Tasker::Testing::ConfigurableFailureHandler).attempts).to eq(3)
  end

  it "have a network that is down" do
    step = run(Tasker::Testing::NetworkTimeoutHandler, {timeout_count: 1})
    expect(step).to have_attributes(status: "complete", attempts: 2)
    expect(step.executions.first.error).to eq("Network timeout")
  end

  it "fail at random, the same with the same seed" do
    run_with = ->(probability, seed) { run(Tasker::Testing::RandomFailureHandler, {failure_probability: probability, seed:}) }
    expect(run_with.(0.0, 1).attempts).to eq(1)
    expect(run_with.(1.0, 1)).to have_attributes(status: "error", attempts: 4)
    expect(run_with.(0.5, 7).attempts).to eq(run_with.(0.5, 7).attempts)
  end

  it "give the same however often they run, and count" do
    Tasker::Testing::IdempotencyTestHandler.clear_execution_registry!
    step = run(Tasker::Testing::IdempotencyTestHandler)
    expect(step.results).to include("success" => true, "step_name" => "step", "checksum" => /\A\h{64}\z/)
    expect(Tasker::Testing::IdempotencyTestHandler.execution_stats)
      .to eq("#{step.task_id}/step" => {execution_count: 1})
  end

  it "have a list of patterns" do
    patterns = [
      {type: "execution_range", min_execution: 1, max_execution: 2, action: "fail", message: "warming up"},
      {type: "probability", probability: 0, action: "fail"},
      {type: "always", action: "delay", delay_seconds: 0}
    ]
    step = run(Tasker::Testing::CompositeTestHandler, {patterns:})
    expect(step.executions.filter_map(&:error)).to eq(["warming up", "warming up"])
    expect(step.results).to include("success" => true, "execution_count" => 3, "action" => "delay")
    expect(run(Tasker::Testing::CompositeTestHandler).results).to eq("success" => true, "execution_count" => 1)
  end
end
