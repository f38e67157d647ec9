# frozen_string_literal: true

require "timeout"

RSpec.describe Tasker::Client, :database do
  it "has a method for every verb of the engine" do
    expect(Tasker::Native::VERBS.map(&:to_sym) - described_class.public_instance_methods).to be_empty
  end

  it "creates tasks once for a key, and tells which it found" do
    client.register_template(chain("order", "pay"))
    first = client.create_task("order", idempotency_key: "7", context: {order: 7})
    again = client.create_task("order", idempotency_key: "7", context: {order: 7})
    expect([first.created?, again.created?]).to eq([true, false])
    expect(again.task_id).to eq(first.task_id)
    expect { client.create_task("order", idempotency_key: "7", context: {order: 8}) }
      .to raise_error(Tasker::IdempotencyMismatchError) { |error| expect(error).to have_attributes(retryable?: false) }
  end

  it "answers with records that can be read by name, by string and by symbol" do
    client.register_template(chain("order", "pay"))
    task = client.task(client.create_task("order").task_id)
    expect([task.status, task["status"], task[:status]]).to all(eq("pending"))
    expect { task.colour }.to raise_error(NoMethodError, /there is no 'colour' here; there is .*status/)
    expect(task).not_to respond_to(:colour)
  end

  it "has an error of its own for each kind, with code and details" do
    expect { client.task(SecureRandom.uuid) }.to raise_error(Tasker::NotFoundError) do |error|
      expect(error).to have_attributes(kind: "not_found", code: 2001)
    end
    expect { client.register_template({name: "x", step_templates: [{name: "a", handler: "a", depends_on_step: "b"}]}) }
      .to raise_error(Tasker::InvalidTemplateError) { |error| expect(error.details).not_to be_nil }
    expect { client.create_task("unknown") }.to raise_error(Tasker::UnknownNamedTaskError, /unknown/)
    expect { client.create_task("order", colour: "red") }.to raise_error(Tasker::InvalidArgumentError, /colour/)
    expect { client.create_task("order", context: {it: "\xff".b}) }.to raise_error(Tasker::InvalidArgumentError, /bytes/)
  end

  it "can be given up by Timeout and by Thread#raise" do
    client.register_template(chain("order", "pay"))
    task_id = client.create_task("order").task_id
    expect { Timeout.timeout(0.2) { client.wait(task_id, within_seconds: 60) } }.to raise_error(Timeout::Error)
    waiting = Thread.new { client.wait(task_id, within_seconds: 60) }
    waiting.report_on_exception = false
    Thread.pass until waiting.stop?
    waiting.raise(ArgumentError, "enough")
    expect { waiting.value }.to raise_error(ArgumentError, "enough")
  end

  it "lets other threads run while it waits" do
    client.register_template(chain("order", "pay"))
    task_id = client.create_task("order").task_id
    waiting = Thread.new { client.wait_state(task_id, within_seconds: Databases::PATIENCE_SECONDS) }
    client.cancel_task(task_id)
    expect(waiting.value).to eq("cancelled")
  end

  it "says that it is closed, and where a database is not to be had" do
    other = described_class.new(database_url: "postgres://nobody@127.0.0.1:1/none")
    expect { other.list_tasks }.to raise_error(Tasker::DatabaseUnavailableError) { |error| expect(error).to be_retryable }
    other.close
    expect { other.list_tasks }.to raise_error(Tasker::EngineError)
  end
end
