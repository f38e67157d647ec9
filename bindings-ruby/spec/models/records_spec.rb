# frozen_string_literal: true

require_relative "models_helper"

# Tasks and steps are read from views, by whose columns one asks as one did of the ancestor's tables.
RSpec.describe "tasks and steps as records", :models do
  let(:chain) { {validate: [], charge: [:validate], ship: [:charge]} }
  let(:task) { task_of(chain) }

  def names(steps) = steps.order(:step_no).pluck(:name)

  describe "are found by what is derived" do
    it "of tasks" do
      done = run(task)
      open = create_task("order")
      expect(Tasker::Task.where(complete: false)).to contain_exactly(open)
      expect(Tasker::Task.where(complete: true).pluck(:task_id)).to eq([done.task_id])
      expect(Tasker::Task.group(:complete).count).to eq(true => 1, false => 1)
      expect(done).to have_attributes(complete: true, complete?: true)
    end

    it "of steps" do
      claims = claim(task)
      steps = task.workflow_steps
      expect(names(steps.where(in_process: true))).to eq(%w[validate])
      complete(claims["validate"])
      expect(names(steps.where(in_process: true))).to be_empty
      expect(names(steps.where(processed: true))).to eq(%w[validate])
      expect(names(steps.where(processed_at: 1.minute.ago..))).to eq(%w[validate])
      expect(names(steps.where(processed: false, retryable: true, skippable: false, handler: "h"))).to eq(%w[charge ship])
    end

    it "of steps by their name, here and elsewhere" do
      charge = task.step("charge")
      expect(Tasker::WorkflowStep.where(name: "charge", task_id: task.task_id)).to contain_exactly(charge)
      expect(Tasker::WorkflowStep.where(named_step: charge.named_step)).to contain_exactly(charge)
      expect(Tasker::WorkflowStep.where(named_step_id: charge.named_step_id)).to contain_exactly(charge)
      expect(Tasker::WorkflowStep.joins(:named_step).where(named_step: {name: "charge"})).to contain_exactly(charge)
      expect(Tasker::Task.joins(:workflow_steps).where(workflow_steps: {name: "charge"})).to contain_exactly(task)
      expect(charge.named_step.workflow_steps).to contain_exactly(charge)
    end
  end

  it "are ordered by when they changed last" do
    move_clock(0)
    first = task
    move_clock(1)
    second = create_task("order")
    expect(Tasker::Task.order(:updated_at)).to eq([first, second])
    move_clock(1)
    claims = claim(first)
    expect(Tasker::Task.order(:updated_at)).to eq([second, first])
    expect(Tasker::Task.where(updated_at: Time.current..)).to eq([first])
    expect(first.workflow_steps.reorder(:updated_at, :step_no).pluck(:name)).to eq(%w[charge ship validate])
    move_clock(1)
    complete(claims["validate"])
    expect(first.step("validate")).to have_attributes(updated_at: Time.current, created_at: 3.seconds.ago)
    expect(Tasker::WorkflowStep.where(created_at: 3.seconds.ago).count).to eq(3)
  end

  it "have the columns of their tables but that of the event feed, which Rails does not know" do
    columns = ->(table) {
      select("select column_name as name from information_schema.columns where table_schema = 'tasker' and table_name = $1", table).pluck("name")
    }
    expect(Tasker::Task.column_names).to match_array(columns["tasks"] - %w[created_xid] + %w[complete updated_at])
    expect(Tasker::WorkflowStep.column_names).to include(*columns["workflow_steps"])
  end

  it "are walked through in batches, by composite keys too" do
    register("order", chain)
    tasks = Array.new(3) { create_task("order") }
    expect(Tasker::Task.find_each(batch_size: 2).to_a).to match_array(tasks)
    expect(Tasker::WorkflowStep.in_batches(of: 2).map(&:count)).to eq([2, 2, 2, 2, 1])
    expect(Tasker::WorkflowStep.find_each(batch_size: 4).map(&:id)).to match_array(tasks.flat_map { |one| [1, 2, 3].map { |no| [one.task_id, no] } })
    expect(Tasker::WorkflowStep.find([[tasks[0].task_id, 3], [tasks[1].task_id, 1]]).map(&:name)).to match_array(%w[ship validate])
    expect(Tasker::WorkflowStep.exists?(task_id: tasks[0].task_id, step_no: 4)).to be false
    expect([Tasker::WorkflowStep.count, Tasker::WorkflowStep.distinct.count(:name)]).to eq([9, 3])
  end

  it "that are new have what new ones have" do
    expect(Tasker::Task.new(context: {})).to have_attributes(
      status: "pending", complete: false, tags: [], bypass_steps: [], initiator: "unknown", source_system: "unknown", reason: "unknown"
    )
    Tasker::Task.new.tags << "of this one"
    expect(Tasker::Task.new.tags).to be_empty
    expect(Tasker::WorkflowStep.new.status).to eq("pending")
  end

  it "say what is true when they are read again" do
    step = task.step("validate")
    run(task)
    expect(step).to have_attributes(processed: false, processed_at: nil)
    expect(step.reload).to have_attributes(processed: true, in_process: false, processed_at: step.ended_at, updated_at: step.ended_at)
  end

  describe "have cached copies" do
    it "of each, until something happened to it" do
      before = task.cache_version
      expect(Tasker::Task.find(task.task_id).cache_version).to eq(before)
      task.update!(tags: ["new"])
      expect(task.cache_version).not_to eq(before)
      expect(task.cache_key_with_version).to end_with("#{task.task_id}-#{task.cache_version}")
    end

    it "of many, until one of them changed in whatever way, or one came" do
      changes = [
        -> { task.update!(tags: ["new"]) }, -> { task.pause! }, -> { task.resume! }, -> { create_task("order") }, -> { claim(task) }
      ]
      task
      keys = [nil, *changes].map do |change|
        change&.call
        Tasker::Task.active.order(:task_id).cache_key_with_version
      end
      expect(keys.uniq).to eq(keys)
      expect(Tasker::Task.active.order(:task_id).load.cache_key_with_version).to eq(keys.last)
    end

    it "of the steps of a task" do
      before = task.workflow_steps.cache_key_with_version
      expect(Tasker::Task.find(task.task_id).workflow_steps.cache_key_with_version).to eq(before)
      task.step("charge").update!(retry_limit: 9)
      expect(task.reload.workflow_steps.cache_key_with_version).not_to eq(before)
    end
  end
end

RSpec.describe "tasks and steps as records that are locked", :database do
  before do
    Tasker.client = client
    client.register_template(chain("order", "validate", "charge"))
    ActiveRecord::Base.establish_connection(database_url)
  end

  after do
    Tasker.client = nil
    Workflows.connect
  end

  let(:task) { Tasker::Task.create_with_defaults!(name: "order", context: {}) }

  # What somebody else can have of a table's rows meanwhile.
  def free(table)
    connected { |other| other.exec("select from tasker.#{table} for update skip locked").ntuples }
  end

  it "keeps others from them, and from nothing else" do
    task.with_lock do
      expect([free("tasks"), free("workflow_steps")]).to eq([0, 2])
      expect(task.update!(tags: ["mine"])).to be true
    end
    expect(task.reload.tags).to eq(["mine"])
    step = task.step("charge")
    step.with_lock { expect([free("tasks"), free("workflow_steps"), free("step_templates")]).to eq([1, 1, 2]) }
    Tasker::WorkflowStep.transaction do
      expect(Tasker::WorkflowStep.where(name: "validate").lock("for update skip locked").first.step_no).to eq(1)
      expect(free("workflow_steps")).to eq(1)
    end
  end

  it "does not lock what was changed" do
    task.tags = ["mine"]
    expect { task.lock! }.to raise_error(RuntimeError, /unpersisted changes/)
  end
end
