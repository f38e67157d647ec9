# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::Task, :models do
  let(:task) { task_of({validate: [], charge: [:validate], ship: [:charge]}, context: {order: 7}, initiator: "ada") }

  it "has the columns of the ancestor, or readers for them" do
    expect(task).to have_attributes(
      status: "pending", complete: false, context: {"order" => 7}, initiator: "ada", source_system: "unknown", reason: "unknown",
      tags: [], bypass_steps: [], name: "order", namespace_name: "shop", version: "1.0.0", full_name: "shop.order@1.0.0"
    )
    expect(task.requested_at).to be_a(Time)
    expect(task.id).to eq(task.task_id)
    expect(described_class.where(status: "pending")).to include(task)
  end

  it "says nothing on stderr when its columns are read" do
    code = <<~RUBY
      require "./spec/models/models_helper"
      ActiveRecord::Base.establish_connection(ENV.fetch("SPEC_DATABASE"))
      Tasker::Task.first
    RUBY
    database = Databases.at(ActiveRecord::Base.connection.current_database)
    loaded = $LOAD_PATH.map { |path| "-I#{path}" }
    output = IO.popen({"SPEC_DATABASE" => database}, [RbConfig.ruby, *loaded, "-rrspec", "-e", code, err: %i[child out]], &:read)
    expect(output).to eq("")
  end

  it "is updated when something happened to it last" do
    expect(task.updated_at).to eq(task.created_at)
    move_clock(10)
    claim(task)
    expect(task.reload.updated_at).to eq(task.started_at)
  end

  it "has the digest of what its request is recognised by, else its id" do
    register("keyed", {only: []})
    keyed = create_task("keyed", idempotency_key: "k1")
    expect(keyed.identity_hash).to eq(Digest::SHA256.hexdigest("k1"))
    expect(task.identity_hash).to eq(task.task_id)
  end

  it "creates by Tasker.create_task!" do
    allow(Tasker).to receive(:create_task!).and_return(Tasker::Created.new(task_id: task.task_id, created: true, pruned: false))
    created = described_class.create_with_defaults!(name: "order", namespace: "shop", context: {order: 7})
    expect(created).to eq(task)
    expect(Tasker).to have_received(:create_task!)
      .with("order", hash_including(namespace: "shop", context: hash_including(order: 7)))
  end

  describe "its steps" do
    it "come in template order, with their names, in one query" do
      task
      expect(statements { expect(task.workflow_steps.map(&:name)).to eq(%w[validate charge ship]) }).to eq(1)
    end

    it "are found by name, loaded or not" do
      expect(task.get_step_by_name("charge")).to have_attributes(step_no: 2)
      task.workflow_steps.load
      expect(statements { expect(task.step(:ship).step_no).to eq(3) }).to eq(0)
      expect(task.step("none")).to be_nil
    end

    it "are complete when all of them are done" do
      expect(task.all_steps_complete?).to be false
      run(task)
      expect(task.all_steps_complete?).to be true
      expect(Tasker::StepReadinessStatus.all_steps_complete_for_task?(task)).to be true
      expect(task).to have_attributes(status: "complete", complete: true)
    end
  end

  describe "scopes" do
    it "find by state" do
      done = run(task)
      open = create_task("order")
      expect(described_class.by_current_state("complete")).to contain_exactly(done)
      expect(described_class.by_current_state(:pending)).to contain_exactly(open)
      expect(described_class.by_current_state).to contain_exactly(done, open)
      expect(described_class.active).to contain_exactly(open)
    end

    it "find by time, of what ended well and what did not" do
      register("once", {only: {retry_limit: 1}})
      failed = run_failing(create_task("once"), "only")
      done = run(task)
      before, after = 1.minute.ago, 1.minute.from_now
      expect(failed.status).to eq("error")
      expect(described_class.created_since(before)).to contain_exactly(failed, done)
      expect(described_class.created_since(after)).to be_empty
      expect(described_class.completed_since(before)).to contain_exactly(done)
      expect(described_class.failed_since(before)).to contain_exactly(failed)
      expect(described_class.failed_since(after)).to be_empty
    end

    it "find by namespace, name and version, all together" do
      task
      register("order", {validate: [], charge: []}, version: "2.0.0")
      register("order", {validate: []}, namespace: "depot")
      newer = create_task("order", version: "2.0.0")
      other = create_task("order", namespace: "depot")
      expect(described_class.in_namespace("shop")).to contain_exactly(task, newer)
      expect(described_class.with_task_name("order")).to contain_exactly(task, newer, other)
      expect(described_class.in_namespace("shop").with_task_name("order").with_version("2.0.0").active).to contain_exactly(newer)
      expect(described_class.unique_task_types_count).to eq(1)
      expect(described_class.in_namespace("nowhere").unique_task_types_count).to eq(0)
    end

    it "find by annotation, texts and what they are the JSON of" do
      Tasker::TaskAnnotation.annotate(task, "shipment", {"carrier" => "DHL", "parcels" => 3})
      other = create_task("order")
      Tasker::TaskAnnotation.annotate(other, "shipment", {"carrier" => "UPS", "parcels" => "3"})
      expect(described_class.by_annotation("shipment", "carrier", "DHL")).to contain_exactly(task)
      expect(described_class.by_annotation(" shipment ", :parcels, "3")).to contain_exactly(task, other)
      expect(described_class.by_annotation("shipment", "parcels", 3)).to contain_exactly(task)
      expect(described_class.by_annotation("other", "carrier", "DHL")).to be_empty
      expect(described_class.by_annotation("shipment", "x'); drop table", "DHL")).to be_empty
    end

    it "load everything in a fixed number of queries" do
      register("order", {a: [], b: [:a], c: [:a], d: %i[b c]})
      2.times { create_task("order") }
      few = statements { touch_everything(described_class.with_all_associated.limit(1)) }
      expect(statements { touch_everything(described_class.with_all_associated) }).to eq(few)
    end

    def touch_everything(tasks)
      tasks.each do |task|
        [task.full_name, task.task_annotations.map(&:annotation_type_name), task.task_transitions.map(&:to_state)]
        task.workflow_steps.each { |step| [step.name, step.named_step.name, step.parents.map(&:name), step.children.map(&:name)] }
      end
    end
  end

  describe "verbs" do
    it "pauses and resumes" do
      expect(task.pause!(by: "ada", reason: "stocktaking")).to be(task)
      expect(task).to have_attributes(paused?: true, paused_by: "ada", paused_reason: "stocktaking")
      expect(claim(task)).to be_empty
      expect(task.resume!).to have_attributes(paused?: false)
      expect(claim(task).keys).to eq(%w[validate])
    end

    it "cancels, with who and why in the trail" do
      task.cancel!(by: "ada", reason: "changed her mind")
      expect(task.status).to eq("cancelled")
      expect(task.task_transitions.last.metadata).to include("by" => "ada", "reason" => "changed her mind")
    end

    it "retries and resolves what failed for good" do
      run_failing(task, "validate", retryable: false)
      expect(task.retry!(by: "ada").status).to eq("in_progress")
      run_failing(task, "validate", retryable: false)
      expect(task.resolve!(by: "ada", reason: "shipped by hand")).to have_attributes(status: "resolved_manually", complete: true)
    end

    it "lets the engine's refusal through" do
      run(task)
      expect { task.resolve! }.to raise_error(Tasker::IllegalTransitionError, /only a task in error is resolved/)
      expect(task.reload.status).to eq("complete")
    end
  end

  describe "its execution context" do
    it "is asked for once, until the task is reloaded" do
      expect(task.workflow_summary).to include(total_steps: 3, completed: 0, ready: 1, status: "has_ready_steps", health: "healthy")
      run(task, but: ["ship"])
      expect(task.workflow_summary).to include(completed: 2, in_progress: 1, status: "processing")
      expect(statements { task.workflow_summary }).to eq(0)
    end
  end
end
