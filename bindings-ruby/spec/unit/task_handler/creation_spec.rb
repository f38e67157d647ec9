# frozen_string_literal: true

require_relative "../unit_helper"

# With ActiveRecord: a model stands in for the real one.
RSpec.describe Tasker::TaskHandler::Creation do
  let(:client) { Tasker.client }
  let(:request) { {name: "process_order", namespace: "ecommerce", context: {order_id: 7}} }

  # What of a record is needed here.
  let(:model) do
    Class.new do
      attr_reader :given, :errors

      def initialize(**given)
        @given = given
        @errors = Hash.new { |errors, field| errors[field] = [] }
        def @errors.add(field, text) = self[field] << text
      end

      def persisted? = given.key?(:task_id)

      def workflow_steps = self.class.steps || %i[validate charge]

      class << self
        attr_accessor :steps
        attr_reader :transactions

        def find(task_id) = new(task_id:)

        def transaction
          (@transactions ||= []) << :begun
          yield.tap { @transactions << :committed }
        end
      end
    end
  end

  let(:handler_class) do
    stub_const("OrderHandler", Class.new { include Tasker::TaskHandler }).tap do |handler|
      handler.register_handler("process_order", namespace_name: "ecommerce", version: "1.0.0")
    end
  end

  before do
    stub_const("Tasker::Task", model)
    allow(Tasker).to receive(:models?).and_return(true)
    allow(Tasker).to receive(:create_task!).and_wrap_original { |_create, name, **request| client.create_task(name, **request) }
  end

  def create = handler_class.new.initialize_task!(request)

  it "gives the record, and needs no transaction for it" do
    expect(create).to be_persisted.and have_attributes(given: {task_id: "task-1"})
    expect(model.transactions).to be_nil
  end

  it "calls the hook once for a new task, before the transaction ends" do
    seen = nil
    handler_class.define_method(:establish_step_dependencies_and_defaults) do |task, steps|
      seen = [task.given, steps, Tasker::Task.transactions.last]
    end
    create
    expect(seen).to eq([{task_id: "task-1"}, %i[validate charge], :begun])
  end

  it "does not call the hook for a task that was there" do
    allow(client).to receive(:create_task).and_return(Tasker::Created.new(task_id: "old", created: false, pruned: false))
    called = false
    handler_class.define_method(:establish_step_dependencies_and_defaults) { |*| called = true }
    expect(create.given).to eq({task_id: "old"})
    expect(called).to be(false)
  end

  it "commits nothing where the hook raises" do
    handler_class.define_method(:establish_step_dependencies_and_defaults) { |*| raise "no" }
    expect { create }.to raise_error("no")
    expect(model.transactions).to eq([:begun])
  end

  it "gives a task that is not persisted where the context breaks the schema, with everything that is wrong" do
    problems = [{"path" => "/order_id", "message" => "7 is no string"}, {"path" => "", "message" => "an object is expected"}]
    error = Tasker::InvalidContextError.new("no", kind: "invalid_context", code: 1006, details: {"problems" => problems})
    client.refuse("process_order", error)
    task = create
    expect(task).not_to be_persisted
    expect(task.errors[:context]).to eq(["/order_id: 7 is no string", "an object is expected"])
    expect(task.given).to include(context: {order_id: 7})
  end

  it "gives one where the handler's own check finds something" do
    handler_class.define_method(:validate_context) { |_context| ["no sevens"] }
    expect(create.errors[:context]).to eq(["no sevens"])
  end

  it "raises what is no matter of the context" do
    client.refuse("process_order", Tasker::AlreadyExistsError.new("there"))
    expect { create }.to raise_error(Tasker::AlreadyExistsError)
  end

  it "updates annotations with the steps that were run" do
    step = Struct.new(:name)
    model.steps = [step.new("validate"), step.new("charge")]
    run = Tasker::Running::Run.new(task_id: "t", status: "pending", executed: ["charge"], next_ready_at: nil)
    allow(Tasker::Running).to receive(:run_task).and_return(run)
    seen = nil
    handler_class.define_method(:update_annotations) { |task, sequence, steps| seen = [task.given, sequence.steps, steps] }
    handler_class.new.handle("t")
    expect(seen).to eq([{task_id: "t"}, model.steps, [step.new("charge")]])
  end
end
