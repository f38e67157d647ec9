# frozen_string_literal: true

require_relative "testing_helper"

RSpec.describe Tasker::Testing::Test do
  include Kit

  subject(:test) { described_class.new(connection, handlers:).tap { |test| test.register(template) } }

  let(:connection) { Kit.connection }
  let(:handlers) { Tasker::Handlers.new }
  let(:template) { chain("order", "validate", "charge", namespace_name: "shop", timeout_seconds: 20) }
  let(:order) { {namespace: "shop", context: {price: 21}} }

  before do
    connection.exec("begin")
    handlers.add("validate") { |step| {total: step.context[:price] * 2} }
    handlers.add("charge") { |step| {charged: step.results("validate")[:total]} }
  end

  after { connection.exec("rollback") }

  it "runs a workflow in the transaction, and nothing is left" do
    report = test.run("order", **order)
    expect(report.status).to eq("complete")
    expect(report.results("charge")).to eq("charged" => 42)
    expect(report.executions.map(&:step)).to eq(%w[validate charge])
    expect(report.executions.map(&:seconds)).to all(be_a(Float))
    connection.exec("rollback; begin")
    expect(task_count).to eq(0)
  end

  it "says what has become of each step" do
    test.fault("charge").permanent("no such card", error_code: "DECLINED", context: {card: 7})
    report = test.run("order", **order)
    expect(report).to be_failed
    expect(report.step(:charge)).to have_attributes(
      status: "error", attempts: 1, error: "no such card", error_code: "DECLINED",
      error_class: "Tasker::PermanentError", execution_count: 0
    )
    expect(report.step("charge").results[:details]).to eq("card" => 7)
    expect(report.summary).to match(/order.* is error.*validate +complete, 1 attempt$/m)
      .and match(/charge +error, 1 attempt, DECLINED Tasker::PermanentError: no such card$/)
    expect { report.step("ship") }.to raise_error(KeyError, /no step 'ship'; its steps are validate, charge/)
  end

  describe "faults" do
    it "strike, and waits take no time" do
      test.fault("charge").on_attempt(1).retryable("503", retry_after: 60)
      test.fault("charge").on_attempt(2).times_out
      report = test.run("order", **order)
      expect(report).to be_complete
      expect([report.step("charge").attempts, report.executions_of("charge")]).to eq([3, 2])
      expect(report.timings["charge"].waiting_seconds).to eq(60 + 20 + 2)
      expect(report.executions.map(&:error)).to match([nil, "503", /20/, nil])
    end

    it "are what a handler would raise" do
      test.fault("charge").on_attempt(1).raises(IOError, "away")
      test.fault("charge").on_attempt(2).raises("as a message")
      test.fault("charge").on_attempt(3).raises(Tasker::PermanentError.new("over", error_code: "OVER"))
      report = test.run("order", **order)
      expect(report.executions.filter_map(&:error)).to eq(["away", "as a message", "over"])
      expect(report.step("charge").error_code).to eq("OVER")
    end

    it "strike after the handler, lose its process, take time, and return what cannot be stored" do
      test.fault("validate").on_attempt(1).after_the_handler.loses_its_worker
      test.fault("charge").on_attempt(1).takes(5)
      report = test.run("order", **order)
      expect(report).to be_complete
      expect(report.executions.map(&:outcome)).to eq(%w[worker_lost completed completed])
      expect(report.executions_of("validate")).to eq(2)

      test.clear_faults
      test.fault("charge").returns_no_json
      expect(test.run("order", **order).step("charge").error_code).to eq("result_not_serializable")
    end

    it "are taken back after a block" do
      test.fault("validate").on_attempt(1).retryable("first")
      failed = test.with_faults do
        test.fault("charge").permanent("no")
        test.run("order", **order)
      end
      expect(failed).to be_failed
      expect(test.run("order", **order).executions.filter_map(&:error)).to eq(["first"])
    end

    it "are refused for a step that nobody has" do
      test.fault("change").permanent("no")
      expect { test.run("order", **order) }.to raise_error(Tasker::InvalidArgumentError, /'change'/)
    end
  end

  it "has a clock of its own, and operators" do
    test.fault("charge").on_attempt(1).raises(IOError, "away")
    report = test.run_until_idle(test.create("order", **order))
    expect(report.status).to eq("in_progress")
    expect(report.next_due_at - test.now).to eq(1)
    expect { test.advance(0.5) }.to change(test, :now).by(0.5)
    expect(test.cancel_task(report, by: "ada", reason: "changed her mind").status).to eq("cancelled")
    expect { test.retry_task(report) }.to raise_error(Tasker::IllegalTransitionError)
    expect(test.report(report).status).to eq("cancelled")
  end

  it "runs one attempt, pauses, resolves and retries" do
    test.fault("charge").permanent("no")
    report = test.run_one(test.create("order", **order))
    expect(report.step("validate")).to be_complete
    expect(test.run_to_end(test.pause_task(report)).executions.size).to eq(1)
    expect(test.run_to_end(test.resume_task(report))).to be_failed
    test.clear_faults
    expect(test.run_to_end(test.retry_step(report, "charge"))).to be_complete

    test.fault("charge").permanent("no")
    report = test.run("order", **order)
    expect(test.resolve_step(report, "charge", results: {charged: "by hand"}).results("charge")).to eq("charged" => "by hand")
  end

  it "looks up results that did not come along" do
    handlers.add("ship") { |step| {seen: step.results("validate")} }
    test.register(chain("long", "validate", "charge", "ship", timeout_seconds: 20))
    expect(test.run("long", context: {price: 1}).results("ship")).to eq("seen" => {"total" => 2})
  end

  it "lets a handler complete its step in the transaction of the test" do
    handlers.add("charge", ->(step) { step.complete_in(connection, {charged: "here"}) }, replace: true)
    report = test.run("order", **order)
    expect(report.results("charge")).to eq("charged" => "here")
    expect(report.executions.last.outcome).to eq("completed_elsewhere")
  end

  it "creates a task from within a handler" do
    inner = nil
    handlers.add("charge", ->(_step) { {inner: (inner ||= test.create("order", **order)).task_id} }, replace: true)
    expect(test.run("order", **order)).to be_complete
    expect(test.run_to_end(inner)).to be_complete
  end

  it "runs nothing from within a handler" do
    handlers.add("charge", ->(_step) { test.run("order", **order) }, replace: true)
    report = test.run("order", **order)
    expect(report.step("charge")).to have_attributes(status: "error", error: /a handler is being executed/)
  end

  describe "handlers" do
    it "that the test lacks are named" do
      handlers.delete("charge")
      expect { test.run("order", **order) }.to raise_error(Tasker::UnknownHandlerError, /'charge'/)
    end

    it "may have a stand-in" do
      handlers.delete("charge")
      test.stand_in("charge") { |step| {by: "stand-in #{step.attempt}"} }
      expect(test.run("order", **order).results("charge")).to eq("by" => "stand-in 1")
      expect(test.crash_everywhere("order", may_differ: %w[charge], **order)).to be_right
    end

    it "that exit hand their attempt back" do
      left = [true]
      handlers.add("charge", ->(_step) { left.pop ? exit : {} }, replace: true)
      report = test.run("order", **order)
      expect(report.executions.map(&:outcome)).to eq(%w[completed released completed])
      expect(report.step("charge").attempts).to eq(1)
    end

    it "in which an expectation is not met fail the test, and not the step" do
      handlers.add("charge", ->(_step) { expect(1).to eq(2) }, replace: true)
      expect { test.run("order", **order) }.to raise_error(RSpec::Expectations::ExpectationNotMetError)
    end

    it "that raise whatever they like have failed" do
      handlers.add("charge", ->(_step) { raise NotImplementedError, "later" }, replace: true)
      report = test.run("order", **order)
      expect(report.step("charge")).to have_attributes(error: "later", error_class: "NotImplementedError", attempts: 3)
    end
  end

  describe "a process that dies anywhere" do
    it "does a right workflow no harm" do
      crashes = []
      report = test.crash_everywhere("order", **order) { |variant| crashes << variant.crash }
      expect(report).to be_right
      expect(report.to_s).to eq("right at each of 6 points at which its process can die")
      expect(crashes.size).to eq(report.variants.size).and eq(1 + 2 * 3)
      expect(report.most_executions_of("charge")).to eq(2)
    end

    it "tells what is wrong with the crash it belongs to" do
      report = test.crash_everywhere("order", **order) do |variant|
        expect(variant.report.executions_of("charge")).to be < 2, "charged twice"
      end
      expect(report).not_to be_right
      expect(report.to_s).to include("charged twice").and include("the process died after handler of 'charge' (attempt 1)")
    end

    it "may change results that contain the attempt, if that is said" do
      handlers.add("charge", ->(step) { {attempt: step.attempt} }, replace: true)
      expect(test.crash_everywhere("order", **order)).not_to be_right
      expect(test.crash_everywhere("order", may_differ: [:charge], **order)).to be_right
    end
  end

  it "registers a file, and tells what is wrong with a template" do
    expect(test.register(template)).to eq("unchanged")
    expect(test.register({**template, description: "another"})).to eq("replaced")
    expect { test.register({name: "broken", version: "1.0.0", step_templates: []}) }.to raise_error(Tasker::InvalidTemplateError)
    expect(test.run("order", **order)).to be_complete
  end

  it "is refused without a transaction" do
    connection.exec("rollback")
    expect { test }.to raise_error(Tasker::InvalidArgumentError, /not in a transaction/)
    connection.exec("begin")
  end
end
