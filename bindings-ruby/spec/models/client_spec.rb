# frozen_string_literal: true

require_relative "models_helper"

# With the engine's own connection: what was committed, by the real client.
RSpec.describe "the verbs of models, by the client", :database do
  before do
    Tasker.client = client
    client.register_template(chain("order", "validate", "charge"))
    ActiveRecord::Base.establish_connection(database_url)
  end

  after do
    Tasker.client = nil
    Workflows.connect
  end

  let(:task) { Tasker::Task.create_with_defaults!(name: "order", context: {order: 7}) }
  let(:step) { task.step("validate") }

  it "create on ActiveRecord's connection: rolled back means never created" do
    ActiveRecord::Base.transaction do
      Tasker::Task.create_with_defaults!(name: "order", context: {})
      raise ActiveRecord::Rollback
    end
    expect(Tasker::Task.count).to eq(0)
    expect(task).to have_attributes(context: {"order" => 7}, status: "pending", full_name: "default.order@1.0.0")
  end

  it "save what can be saved" do
    task.update!(tags: %w[a b], reason: "asked to", priority: 1)
    step.update!(retry_limit: 5, inputs: {"own" => true})
    expect(client.task(task.task_id)).to include("tags" => %w[a b], "reason" => "asked to", "priority" => 1)
    expect(client.step(task.task_id, "validate")).to include("retry_limit" => 5, "inputs" => {"own" => true})
  end

  it "note something, outside of a transaction and in one that is rolled back" do
    type = Tasker::AnnotationType.find_or_create_by!(name: "shipment")
    allow(client).to receive(:annotate_task).and_call_original
    first = Tasker::TaskAnnotation.create!(task:, annotation_type: type, annotation: {carrier: "DHL", at: Time.utc(2026, 11, 27)})
    expect(client).to have_received(:annotate_task).once
    Tasker::Task.transaction do
      Tasker::TaskAnnotation.annotate(task, "shipment", {carrier: "UPS", at: Time.utc(2026, 11, 27)})
      expect(task.task_annotations.map { |one| one.annotation["carrier"] }).to match_array(%w[DHL UPS])
      raise ActiveRecord::Rollback
    end
    expect(client).to have_received(:annotate_task).once
    expect(client.list_annotations(task.task_id)).to contain_exactly(
      include("task_annotation_id" => first.id, "annotation_type" => "shipment",
        "annotation" => {"carrier" => "DHL", "at" => "2026-11-27T00:00:00.000Z"})
    )
  end

  it "are refused what cannot be noted, alike outside of a transaction and in one" do
    note = -> { Tasker::TaskAnnotation.annotate(task, "x" * 65, {carrier: "DHL"}) }
    message = /1 to 64 characters, not 65/
    expect { note.call }.to raise_error(Tasker::InvalidArgumentError, message)
    expect { task.transaction { note.call } }.to raise_error(Tasker::InvalidArgumentError, message)
    expect(Tasker::TaskAnnotation.count).to eq(0)
  end

  it "pause, resume, resolve and cancel" do
    expect(task.pause!(by: "ada", reason: "stocktaking")).to be_paused
    expect(task.resume!(by: "ada")).not_to be_paused
    expect(task.named_task.pause!(by: "ada").task_namespace.pause!).to be_a(Tasker::TaskNamespace)
    expect(step.why.reason).to eq("paused")
    task.named_task.resume!.task_namespace.resume!
    expect(step.resolve!({found: 1}, by: "ada")).to have_attributes(status: "resolved_manually", results: {"found" => 1})
    expect(task.step("charge").cancel!(by: "ada")).to be_cancelled
    expect(task.cancel!(by: "ada", reason: "changed her mind").status).to eq("cancelled")
  end

  it "are kept with who and why" do
    step.update!(retry_limit: 7)
    task.pause!(by: "ada", reason: "stocktaking")
    actions = client.operator_actions(task.task_id)
    expect(actions.map(&:workflow_step_id)).to eq([1, nil])
    expect(actions.last.metadata.to_h).to include("verb" => "pause", "by" => "ada", "reason" => "stocktaking")
    expect { client.operator_actions("0190a0a0-0000-7000-8000-000000000000") }.to raise_error(Tasker::NotFoundError)
  end

  it "retry what failed for good" do
    handlers.add("validate") { raise Tasker::PermanentError, "no" }
    working { ended(task.task_id) }
    expect(step.reload).to have_attributes(in_error?: true, next_retry_at: nil)
    expect(step.retry!(reset_attempts: true, by: "ada")).to have_attributes(status: "pending", attempts: 0)
    working { ended(task.task_id) }
    expect(task.retry!(by: "ada", reason: "fixed").status).to eq("in_progress")
  end

  it "are refused as the engine refuses" do
    expect { task.resolve! }.to raise_error(Tasker::IllegalTransitionError, /only a task in error is resolved/)
    expect { step.retry! }.to raise_error(Tasker::IllegalTransitionError)
    expect { step.update!(retry_limit: 0) }.to raise_error(Tasker::InvalidArgumentError, /at least 1/)
  end

  describe "inside of a transaction" do
    it "see the task that it created, and take effect with it" do
      Tasker::Task.transaction do
        Tasker::Task.create_with_defaults!(name: "order", context: {}).step("validate").update!(retry_limit: 9, inputs: {"a" => "ü"})
      end
      expect(Tasker::WorkflowStep.find_by(step_no: 1)).to have_attributes(retry_limit: 9, inputs: {"a" => "ü"})
    end

    it "are rolled back with it" do
      task
      Tasker::Task.transaction do
        expect(task.cancel!(by: "ada")).to be_cancelled
        task.update!(tags: ['say "hi"', "a,b"])
        raise ActiveRecord::Rollback
      end
      expect(task.reload).to have_attributes(status: "pending", tags: [])
      task.transaction { task.update!(tags: ['say "hi"', "a,b"]) }
      expect(client.task(task.task_id).tags).to eq(['say "hi"', "a,b"])
    end

    it "leave it as it was where they are refused, as the client does" do
      task
      Tasker::Task.transaction do
        expect { task.resolve! }.to raise_error(Tasker::IllegalTransitionError, /only a task in error is resolved/) { |error|
          expect(error).to have_attributes(kind: "illegal_transition", code: 2003, retryable?: false)
        }
        expect { step.update!(retry_limit: 0) }.to raise_error(Tasker::InvalidArgumentError, /at least 1/)
        expect { step.resolve!({bad: Float::NAN}) }.to raise_error(Tasker::InvalidArgumentError)
        task.pause!(by: "ada")
      end
      expect(client.task(task.task_id).paused).to be true
    end

    it "refuse with the kinds and numbers of the client" do
      told = [
        -> { task.transaction { task.resolve! } }, -> { task.resolve! },
        -> { task.transaction { step.update!(retry_limit: 0) } }, -> { step.reload.update!(retry_limit: 0) }
      ].map { |refused|
        begin
          refused.call
        rescue Tasker::EngineError => error
          [error.class, error.kind, error.code, error.message]
        end
      }
      expect(told[0]).to eq(told[1])
      expect(told[2]).to eq(told[3])
    end

    it "let workers go on with the commit" do
      handlers.add("validate") { {} }
      handlers.add("charge") { {} }
      task.pause!
      working do
        Tasker::Task.transaction { task.resume! }
        expect(ended(task.task_id).status).to eq("complete")
      end
    end
  end
end
