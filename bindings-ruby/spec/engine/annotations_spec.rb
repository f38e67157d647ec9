# frozen_string_literal: true

RSpec.describe "The hook update_annotations", :database do
  let(:told) { Thread::Queue.new }

  # A task handler that tells what it is told.
  def task_handler(told, client, &more)
    Class.new do
      include Tasker::TaskHandler

      define_method(:update_annotations) do |task, sequence, steps|
        told << [task.context["order"], sequence.results("first"), steps.map { |step| [step.name, step.results.to_h] }]
        client.annotate_task(task.task_id, "ran", {step: steps.first.name})
        more&.call
      end
    end
  end

  def register(handler_class)
    stub_const("AnnotatedOrder", handler_class)
    template = chain("order", "first", "second", default_retry_limit: 1)
    templates = Tasker::Templates.new
    allow(Tasker).to receive(:templates).and_return(templates)
    templates.add(Tasker::Templates::Key.of(namespace: "default", name: "order", version: "1.0.0")) { template }
    factory = Tasker::HandlerFactory.instance
    allow(factory).to receive_messages(registered: handler_class, get: handler_class.new)
    client.register_template(template)
  end

  def run_beside_a_worker
    working { ended(client.create_task("order", context: {order: 7}).task_id) }
  end

  before do
    handlers.add("first") { {n: 1} }
    handlers.add("second") { {n: 2} }
  end

  it "is called for each step that a worker runs, with what its handler got, before the task ends" do
    register(task_handler(told, client))
    task = run_beside_a_worker
    expect(Array.new(2) { told.pop(timeout: 5) }).to eq(
      [[7, {"n" => 1}, [["first", {"n" => 1}]]], [7, {"n" => 1}, [["second", {"n" => 2}]]]]
    )
    notes = client.list_annotations(task.task_id)
    expect(notes.map { |note| note.annotation["step"] }).to eq(%w[first second])
    expect(notes.map(&:created_at).max).to be < client.transitions(task.task_id).last.created_at
  end

  it "changes nothing of a step that is done, whatever it raises" do
    log = StringIO.new
    allow(Tasker).to receive(:logger).and_return(Logger.new(log))
    register(task_handler(told, client) { raise NoMemoryError, "no paper left" })
    expect(run_beside_a_worker.status).to eq("complete")
    expect(log.string.scan("update_annotations failed after default.order.").size).to eq(2)
    expect(log.string).to include("no paper left")
  end

  it "changes nothing of a step that is done, and takes no thread from the worker, where it ends its own" do
    runs = Thread::Queue.new
    handlers.add("first", replace: true) do
      runs << true
      {}
    end
    register(task_handler(told, client) { Thread.exit })
    task = working(concurrency: 1) { ended(client.create_task("order", context: {order: 7}).task_id) }
    expect([task.status, runs.size, failures(task.task_id, "first")]).to eq(["complete", 1, []])
  end

  it "changes nothing of a step that is done where it ends the thread on which a task is run" do
    register(task_handler(told, client) { Thread.exit })
    task_id = client.create_task("order", context: {order: 7}).task_id
    Thread.new { Tasker::Running.run_task(task_id, client:, handlers:) }.join
    expect(client.step(task_id, "first")).to have_attributes(status: "complete", attempts: 1)
  end

  it "leaves a step done where it wants to end the process, which drains" do
    register(task_handler(told, client) { exit })
    task_id = client.create_task("order", context: {order: 7}).task_id
    worker = Tasker::Worker.new(client, handlers)
    worker.run
    expect(client.step(task_id, "first").status).to eq("complete")
  ensure
    worker&.stop
  end

  it "is called for steps that failed, too" do
    handlers.add("third") { raise Tasker::PermanentError, "no" }
    register(task_handler(told, client))
    client.register_template(chain("order", "first", "third"), force: true)
    expect(run_beside_a_worker.status).to eq("error")
    told.pop(timeout: 5)
    expect(told.pop(timeout: 5).last).to eq([["third", {}]])
  end

  it "is called where one task is run, unless the handler itself is asked" do
    register(task_handler(told, client))
    [true, false].each do |annotate|
      task_id = client.create_task("order", context: {order: 7}).task_id
      Tasker::Running.run_task(task_id, client:, handlers:, annotate:)
    end
    expect(told.size).to eq(2)
  end
end
