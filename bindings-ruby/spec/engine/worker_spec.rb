# frozen_string_literal: true

RSpec.describe Tasker::Worker, :database do
  def run_task(*steps, context: {}, name: "order", **more)
    client.register_template(chain(name, *steps, **more))
    task_id = client.create_task(name, context:).task_id
    [task_id, ended(task_id).status]
  end

  it "runs a workflow across blocks, callables and classes" do
    handlers.add("validate") { |step| {total: step.context[:price] * 2, attempt: step.attempt} }
    handlers.add("charge", ->(step) { {charged: step.results("validate")["total"]} })
    ship = Class.new do
      def process(task, sequence, step)
        {order: task.context["order"], paid: sequence.find_step_by_name("charge").results[:charged], name: step.name}
      end
    end
    handlers.add("ship", ship)
    working do |worker|
      expect(worker.status.running).to eq(0)
      task_id, status = run_task("validate", "charge", "ship", context: {order: 7, price: 21})
      expect(status).to eq("complete")
      results = client.steps(task_id).to_h { |step| [step.name, step.results] }
      expect(results).to eq(
        "validate" => {"total" => 42, "attempt" => 1},
        "charge" => {"charged" => 42},
        "ship" => {"order" => 7, "paid" => 42, "name" => "ship"}
      )
    end
  end

  it "tries again what was raised, but for what is permanent" do
    attempts = Thread::Queue.new
    handlers.add("flaky") do |step|
      attempts << step.attempts
      raise Tasker::RetryableError.new("closed", retry_after: 0, error_code: "bank", context: {bank: 1}) if step.attempt == 1
      raise KeyError, "nothing of Tasker's" if step.attempt == 2

      "done"
    end
    handlers.add("hopeless") { raise Tasker::PermanentError.new("no such card", error_code: "PAYMENT_DECLINED") }
    working do
      task_id, status = run_task("flaky", "hopeless", default_retry_limit: 5)
      expect(status).to eq("error")
      expect(Array.new(attempts.size) { attempts.pop }).to eq([1, 2, 3])
      closed, other = failures(task_id, "flaky")
      expect(closed).to include("error_class" => "Tasker::RetryableError", "error_code" => "bank", "details" => {"bank" => 1})
      expect(other["backtrace"]).to include(__FILE__)
      expect(failures(task_id, "hopeless").last).to include("error_code" => "PAYMENT_DECLINED", "retryable" => false)
    end
  end

  it "stores what a handler assigned instead of what it returned" do
    handlers.add("assign") do |step|
      step.results = {assigned: true}
      "ignored"
    end
    handlers.add("fill") do |step|
      step.results[:filled] = step.results("assign")[:assigned]
      "ignored"
    end
    working do
      task_id, = run_task("assign", "fill")
      expect(client.steps(task_id).map(&:results)).to eq([{"assigned" => true}, {"filled" => true}])
    end
  end

  {"bytes" => "\xff".b, "NaN" => Float::NAN, "a set" => Set[1], "more than 64 bits" => 2**64, "the character zero" => "\0"}
    .each do |what, value|
    it "fails for good where a handler returns #{what}" do
      handlers.add("pay") { {it: value} }
      working do
        task_id, status = run_task("pay")
        expect(status).to eq("error")
        expect(failures(task_id, 1)).to contain_exactly(include("error_code" => "result_not_serializable"))
      end
    end
  end

  it "tells a handler that its attempt is cancelled" do
    begun, heard = Thread::Queue.new, Thread::Queue.new
    handlers.add("slow") do |step|
      begun << true
      heard << step.wait_cancelled(Databases::PATIENCE_SECONDS)
    end
    client.register_template(chain("order", "slow"))
    working(concurrency: 1) do
      task_id = client.create_task("order").task_id
      begun.pop(timeout: Databases::PATIENCE_SECONDS)
      client.cancel_task(task_id, by: "anna", reason: "enough")
      expect(heard.pop(timeout: Databases::PATIENCE_SECONDS)).to be(true)
    end
  end

  [SystemExit, Interrupt].each do |exit|
    it "hands the step back and stops where a handler raises #{exit}" do
      handlers.add("leave") { raise exit, "" }
      client.register_template(chain("order", "leave"))
      worker = described_class.new(client, handlers)
      task_id = client.create_task("order").task_id
      worker.run
      step = client.step(task_id, "leave")
      expect([step.status, step.attempts]).to eq(["pending", 0])
    end
  end

  it "goes on after a handler that ends its thread, throws, or raises what is no StandardError" do
    handlers.add("exit_thread") { |step| step.attempt == 1 ? Thread.exit : {} }
    handlers.add("throw") { |step| step.attempt == 1 ? throw(:nowhere) : {} }
    handlers.add("raise") { |step| step.attempt == 1 ? raise(NoMemoryError, "all of it") : {} }
    working(concurrency: 1) do
      task_id, status = run_task("exit_thread", "throw", "raise")
      expect(status).to eq("complete")
      expect(client.steps(task_id).map(&:attempts)).to eq([2, 2, 2])
    end
  end

  it "ends an attempt whatever its exception, or its result, is made of" do
    misleading = Class.new(StandardError) { def message = raise("secret") }
    hidden = Class.new(BasicObject) { def method_missing(*) = ::Kernel.raise("secret") } # rubocop:disable Style/MissingRespondToMissing
    handlers.add("misleading") { raise misleading }
    handlers.add("hidden") { hidden.new }
    handlers.add("details") { raise Tasker::RetryableError.new("why", context: {it: hidden.new}) }
    working(concurrency: 1) do
      %w[misleading hidden details].each do |step|
        _, status = run_task(step, name: step, default_retry_limit: 1)
        expect(status).to eq("error"), step
      end
    end
  end

  it "lets as many handlers meet as it has threads" do
    meeting, met = Thread::Queue.new, Thread::Queue.new
    handlers.add("meet") do
      meeting << true
      met.pop(timeout: Databases::PATIENCE_SECONDS) || raise("nobody came")
    end
    steps = Array.new(8) { |number| {name: "meet_#{number}", handler: "meet"} }
    client.register_template({name: "party", version: "1.0.0", step_templates: steps})
    working(concurrency: 8) do
      task_id = client.create_task("party").task_id
      8.times { meeting.pop(timeout: Databases::PATIENCE_SECONDS) }
      8.times { met << true }
      expect(ended(task_id).status).to eq("complete")
    end
  end

  it "reads contexts and results that were too large to come along" do
    handlers.add("large") { |step| {text: step.context[:text]} }
    handlers.add("small") { {n: 1} }
    handlers.add("last") { |step| {size: step.results("large")[:text].size, n: step.sequence["small"][:n]} }
    working do
      task_id, = run_task("large", "small", "last", context: {text: "x" * 100_000})
      expect(client.step(task_id, "last").results).to eq("size" => 100_000, "n" => 1)
    end
  end

  it "says what a step cannot read" do
    handlers.add("ask") { |step| step.results("nothing") }
    working do
      task_id, = run_task("ask", default_retry_limit: 1)
      expect(failures(task_id, "ask").last["error"]).to include("'nothing'", "depend on it")
    end
  end

  it "refuses to work without a handler" do
    expect { described_class.new(client, handlers) }.to raise_error(Tasker::ConfigInvalidError, /handler/)
  end
end
