# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe "records that only the engine writes", :models do
  let(:task) { task_of({validate: [], charge: [:validate]}, tags: ["new"]) }
  let(:step) { task.step("charge") }

  def refused(verb, &) = raise_error(Tasker::ReadOnlyRecordError, /#{Regexp.escape(verb)}/)

  it "saves tags, reason and priority of a task by the engine's verb" do
    expect(task.update!(tags: %w[a b], reason: "asked to", priority: 2)).to be true
    expect(Tasker::Task.find(task.task_id)).to have_attributes(tags: %w[a b], reason: "asked to", priority: 2)
  end

  it "sees what was changed in place" do
    task.tags << "more"
    task.save
    expect(Tasker::Task.find(task.task_id).tags).to eq(%w[new more])
  end

  it "saves retry_limit and inputs of a step by the engine's verb" do
    step.update(retry_limit: 7, inputs: {"own" => 1})
    expect(Tasker::WorkflowStep.find(step.id)).to have_attributes(retry_limit: 7, inputs: {"own" => 1})
  end

  it "notes who saves a step, and why, where the task goes on by it" do
    register("once", {only: {retry_limit: 1}})
    once = run_failing(create_task("once"), "only")
    only = once.step("only")
    only.update!(retry_limit: 2, by: "ada", reason: "the bank was closed")
    expect(once.reload.task_transitions.last)
      .to have_attributes(to_state: "in_progress", metadata: include("by" => "ada", "reason" => "the bank was closed"))
    run_failing(once, "only")
    only.reload.update!(by: "eve")
    only.update!(retry_limit: 3)
    expect(once.reload.task_transitions.last.metadata.compact.keys & %w[by reason]).to be_empty
  end

  it "asks nothing of the engine where nothing was changed" do
    task
    expect(statements { expect(task.save!).to be true }).to eq(0)
  end

  it "refuses to save anything else, and names the verbs" do
    expect { task.update!(state: "complete") }.to refused("state of a Tasker::Task cannot be saved here")
    expect { task.reload.update(state: "complete", tags: []) }.to refused("cancel!, retry!, resolve!, pause! or resume!")
    expect { step.update(results: {}) }.to refused("cancel!, retry! or resolve! (retry_limit, inputs can be saved)")
    expect(Tasker::Task.find(task.task_id)).to have_attributes(state: "pending", tags: ["new"])
  end

  it "refuses to create, and names what creates" do
    expect { Tasker::Task.create!(context: {}) }.to refused("Tasker.create_task!")
    expect { Tasker::Task.new.save }.to refused("Tasker.create_task!")
    expect { Tasker::WorkflowStep.create(task_id: task.task_id, step_no: 9) }.to refused("Tasker.create_task!")
    expect { Tasker::NamedTask.create!(name: "x") }.to refused("Tasker.client.register_template")
    expect { Tasker::TaskNamespace.default.save! }.to refused("Tasker.client.register_template")
  end

  it "refuses to delete" do
    expect { task.destroy }.to refused("tasker prune")
    expect { task.destroy! }.to refused("tasker prune")
    expect { task.delete }.to refused("tasker prune")
    expect { Tasker::Task.destroy(task.task_id) }.to refused("tasker prune")
    expect { task.workflow_steps.destroy_all }.to refused("use cancel!")
  end

  it "refuses what goes past validations" do
    expect { task.update_columns(state: "error") }.to refused("cancel!")
    expect { task.update_column(:tags, []) }.to refused("cancel!")
    expect { task.touch }.to refused("cancel!")
    expect { step.increment!(:attempts) }.to refused("cancel!")
  end

  it "refuses what goes past records" do
    task
    expect { Tasker::Task.update_all(state: "complete") }.to refused("cancel!")
    expect { Tasker::Task.where(state: "pending").update_all(state: "complete") }.to refused("cancel!")
    expect { Tasker::Task.unscoped.in_namespace("shop").delete_all }.to refused("tasker prune")
    expect { Tasker::Task.delete(task.task_id) }.to refused("tasker prune")
    expect { task.workflow_steps.update_all(attempts: 0) }.to refused("retry!")
    expect { task.workflow_steps.delete_all }.to refused("use cancel!")
    expect { Tasker::Task.insert_all([{task_id: SecureRandom.uuid}]) }.to refused("Tasker.create_task!")
    expect { Tasker::Task.upsert({task_id: SecureRandom.uuid}) }.to refused("Tasker.create_task!")
    expect(Tasker::Task.find(task.task_id).state).to eq("pending")
  end

  it "leaves the relations of others alone into which one of these is merged" do
    task
    merged = Tasker::DependentSystem.joins(:named_steps).merge(Tasker::NamedStep.where(name: "charge"))
    expect(merged.update_all(description: "theirs")).to eq(1)
    expect(merged.pluck(:description)).to eq(["theirs"])
  end

  it "is read-only where nothing can be saved" do
    expect(task).not_to be_readonly
    expect(step).not_to be_readonly
    expect(task.named_task).to be_readonly
    expect(task.task_transitions.first).to be_readonly
  end

  it "is a Tasker::Error" do
    expect(Tasker::ReadOnlyRecordError.superclass).to be(Tasker::Error)
  end
end
