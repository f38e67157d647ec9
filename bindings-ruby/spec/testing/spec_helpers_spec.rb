# frozen_string_literal: true

require_relative "testing_helper"

RSpec.describe Tasker::SpecHelpers do
  include Tasker::SpecHelpers
  include Kit

  before do
    Tasker::HandlerFactory.instance.clear!
    KitOrder.register
  end

  def run(price: 21) = run_task_workflow("order", namespace: "kit", context: {price:})

  it "runs a workflow of the process, and says what became of it" do
    result = run
    expect(result).to have_attributes(status: "complete", task_id: a_string_matching(/\A\h{8}-/))
    expect(result.steps.map(&:name)).to eq(%w[validate charge ship])
    expect(result.step("ship"))
      .to have_attributes(status: "complete", results: {"shipped" => true, "paid" => 42}, attempts: 1, error: nil)
    expect(result.timings.keys).to eq(%w[validate charge ship])
    expect(result.timings["charge"]).to have_attributes(waiting_seconds: 0, running_seconds: be >= 0, ended_at: result.now)
    expect(result.executed_steps).to eq(%w[validate charge ship])
  end

  it "tells the task handler of each step, and it notes something in the transaction of the example" do
    KitOrder::Handler.define_method(:update_annotations) do |task, _sequence, steps|
      Tasker.client.annotate_task(task.task_id, "ran", {steps.first.name => steps.first.results})
    end
    result = run
    notes = Tasker.client.list_annotations(result.task_id)
    expect(notes.map { |note| note.annotation.keys }).to eq([%w[validate], %w[charge], %w[ship]])
    expect(notes.last.annotation["ship"]).to eq("shipped" => true, "paid" => 42)
  ensure
    KitOrder::Handler.remove_method(:update_annotations)
  end

  it "refuses what the schema refuses, and names that nobody has" do
    expect { run_task_workflow("order", namespace: "kit") }.to raise_error(Tasker::InvalidContextError)
    expect { run_task_workflow("order", namespace: "kid") }.to raise_error(Tasker::UnknownNamedTaskError)
  end

  it "has the keys of a strategy of the application's own" do
    stub_const("OncePerPrice", Class.new(Tasker::IdentityStrategy) do
      def generate_identity_hash(_task, options) = "price-#{options[:context][:price]}"
    end)
    Tasker.configure do |config|
      config.engine.identity_strategy = :custom
      config.engine.identity_strategy_class = "OncePerPrice"
    end
    expect(run.task_id).to eq(run.task_id)
    expect(run(price: 1).task_id).not_to eq(run.task_id)
    expect(crash_everywhere("order", namespace: "kit", context: {price: 2})).to be_right
  ensure
    Tasker::Configuration.reset!
  end

  describe "a transaction" do
    it "is begun and rolled back with the example where none is open" do
      example = Tasker::Testing::Example.new { Kit.connection }
      expect(example).not_to be_transaction_open
      example.test.run("order", namespace: "kit", context: {price: 1})
      expect(example).to be_transaction_open
      expect(task_count).to eq(1)
      example.finish
      expect(example).not_to be_transaction_open
      expect(task_count).to eq(0)
    end

    it "is left open where the example has one" do
      Kit.connection.exec("begin")
      example = Tasker::Testing::Example.new { Kit.connection }
      example.test
      example.finish
      expect(Kit.connection.transaction_status).to eq(PG::PQTRANS_INTRANS)
    ensure
      Kit.connection.exec("rollback")
    end
  end

  describe "injected failures" do
    it "are of the first attempts, of each, and for good" do
      fail_step("validate", times: 2, with: "timeout", retry_after: 10)
      expect(run.timings["validate"].waiting_seconds).to eq(20)

      fail_step(:charge, times: nil, with: IOError.new("gone"))
      expect(run.step("charge")).to have_attributes(status: "error", attempts: 3, error: "gone", error_class: "IOError")

      clear_step_failures
      fail_step_permanently("charge", with: "declined", error_code: "DECLINED")
      expect(run.step("charge")).to have_attributes(attempts: 1, error_code: "DECLINED")
      expect(KitOrder.charges.size).to eq(1)
      expect { fail_step("charge", with: IOError, error_code: "NO") }.to raise_error(ArgumentError, /error_code/)
    end

    it "are timeouts, slow handlers and dead processes" do
      time_out_step("charge")
      expect(run.executions.map(&:outcome)).to eq(%w[completed failed completed completed])
      clear_step_failures
      slow_step("charge", by: 21, times: 1)
      expect(run.step("charge").attempts).to eq(2)
      clear_step_failures
      crash_step("charge", after_the_handler: true)
      KitOrder.charges.clear
      expect(run.executions.map(&:outcome)).to eq(%w[completed worker_lost completed completed])
      expect(KitOrder.charges.size).to eq(2)
    end

    it "are stand-ins" do
      stub_step("charge", returns: {charged: 1})
      stub_step("ship") { |step| {paid: step.results("charge")[:charged]} }
      expect(run.results("ship")).to eq("paid" => 1)
      expect(KitOrder.charges).to be_empty
    end
  end

  it "runs step by step, until idle, and on" do
    fail_step("charge", with: "later")
    created = create_task_workflow("order", namespace: "kit", context: {price: 1})
    expect(created.status).to eq("pending")
    expect(run_next_step(created).executed_steps).to eq(%w[validate])
    idle = run_task_workflow_until_idle(created)
    expect(idle.status).to eq("in_progress")
    expect(idle.next_due_at).to be > idle.now
    expect(run_task_workflow(idle)).to be_complete
    expect { run_task_workflow(idle, context: {}) }.to raise_error(ArgumentError, /there already/)
  end

  it "asks whether a workflow is right wherever its process dies" do
    report = crash_everywhere("order", namespace: "kit", context: {price: 1}) do
      expect(KitOrder.charges.size).to eq(1)
    ensure
      KitOrder.charges.clear
    end
    expect(report.broken.map { |variant| variant.crash.values_at(:step, :when) }).to eq([%w[charge after_handler]])
  end

  describe "what the application does meanwhile" do
    let(:request) { {namespace: "kit", context: {price: 1}} }

    it "is done in the transaction, when one is open" do
      workflow_test
      created = Tasker.create_task!("order", **request)
      expect(created).to be_created
      expect(task_count).to eq(1)
      expect(run_task_workflow(created)).to be_complete
    end

    it "runs there, as handler.handle does" do
      workflow_test
      fail_step("charge", with: "later")
      created = Tasker.create_task!("order", **request)
      handler = Tasker::HandlerFactory.instance.get("order", namespace_name: "kit", version: "1.0.0")
      run = handler.handle(created)
      expect(run).to have_attributes(status: "in_progress", executed: %w[validate charge], next_ready_at: workflow_test.now + 1)
      expect(handler.handle(created, wait: true)).to have_attributes(status: "complete", executed: %w[charge ship])
    end

    it "looks at tasks and operates on them by the client" do
      workflow_test
      client = Tasker.client
      fail_step("charge", with: "later")
      task_id = client.create_tasks([{name: "order", **request}]).first.task_id
      expect(client.task_state(task_id)).to eq("pending")
      expect(client.update_task(task_id, tags: %w[red blue], reason: "asked").tags).to eq(%w[red blue])
      expect(client.update_task(task_id, tags: []).tags).to eq([])
      expect(client.update_step(task_id, 2, retry_limit: 1, by: "ada").retry_limit).to eq(1)
      client.pause(namespace: "kit", by: "ada")
      expect(client.wait_state(task_id)).to eq("pending")
      client.resume(namespace: "kit")
      expect(client.wait(task_id).status).to eq("error")
      expect(client.resolve_step(task_id, "charge", {charged: 1}).status).to eq("resolved_manually")
      expect(client.wait_state(task_id)).to eq("complete")
      expect(client.steps(task_id).last.results).to include(paid: 1)
      expect { client.cancel_step(task_id, "fly") }.to raise_error(Tasker::NotFoundError)
      expect { client.update_step(task_id, "ship", retry_limit: 9) }.to raise_error(Tasker::EngineError)
      expect(client.task_state(task_id)).to eq("complete")
    end

    it "creates from within a handler" do
      inner = nil
      stub_step("ship") { {inner: (inner ||= Tasker.create_task!("order", **request)).task_id} }
      expect(run).to be_complete
      expect(run_task_workflow(inner)).to be_complete
    end
  end
end
