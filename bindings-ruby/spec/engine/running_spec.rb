# frozen_string_literal: true

RSpec.describe Tasker::Running, :database do
  def create(*steps, **more)
    client.register_template(chain("order", *steps, **more))
    client.create_task("order").task_id
  end

  it "runs one task on the calling thread, and leaves all others alone" do
    threads = []
    %w[first second].each do |name|
      handlers.add(name) do
        threads << Thread.current
        {}
      end
    end
    other = create("first", "second")
    task_id = client.create_task("order").task_id
    run = described_class.run_task(task_id, client:, handlers:)
    expect(run).to have_attributes(status: "complete", executed: %w[first second], ended?: true, next_ready_at: nil)
    expect(threads).to all(be(Thread.current))
    expect(client.task_state(other)).to eq("pending")
  end

  it "returns when nothing is ready now, with the instant at which it goes on" do
    handlers.add("flaky") { |step| step.attempt == 1 ? raise(Tasker::RetryableError.new("later", retry_after: 60)) : {} }
    run = described_class.run_task(create("flaky"), client:, handlers:)
    expect(run).to have_attributes(executed: ["flaky"], ended?: false)
    expect(run.next_ready_at).to be_between(Time.now + 50, Time.now + 61)
  end

  it "waits for the end if it is told to" do
    handlers.add("flaky") { |step| step.attempt == 1 ? raise(Tasker::RetryableError.new("soon", retry_after: 0.1)) : {} }
    run = described_class.run_task(create("flaky"), wait: true, client:, handlers:)
    expect(run).to have_attributes(status: "complete", executed: %w[flaky flaky])
  end

  it "leaves steps whose handler is elsewhere to those who have it" do
    handlers.add("here") { {} }
    task_id = create("here", "elsewhere")
    run = described_class.run_task(task_id, client:, handlers:)
    expect(run).to have_attributes(executed: ["here"], status: "in_progress")
    expect(client.step(task_id, "elsewhere").status).to eq("pending")
  end

  # Runs a block, and lets go of what a connection has locked as soon as the client was asked for something.
  def letting_go_when_asked(connection, *verbs)
    verbs.each do |verb|
      allow(client).to receive(verb).and_wrap_original do |asked, *given, **more|
        asked.call(*given, **more).tap { connection.exec("rollback") unless connection.transaction_status.zero? }
      end
    end
    yield
  end

  it "goes on with what its own report makes ready, even while that is on its way to the database" do
    connected do |other|
      handlers.add("first") do |step|
        other.exec("begin")
        other.exec_params("select from tasker.workflow_steps where task_id = $1 for update", [step.task_id])
        {}
      end
      handlers.add("second") { {} }
      task_id = create("first", "second")
      run = letting_go_when_asked(other, :readiness, :list_workers) { described_class.run_task(task_id, client:, handlers:) }
      expect(run).to have_attributes(executed: %w[first second], status: "complete")
    end
  end

  it "says that a task that has ended needs no run, and that an unknown one is unknown" do
    handlers.add("only") { {} }
    task_id = create("only")
    2.times { expect(described_class.run_task(task_id, client:, handlers:)).to be_ended }
    expect { described_class.run_task(SecureRandom.uuid, client:, handlers:) }.to raise_error(Tasker::NotFoundError)
  end

  it "ends where its time is over, and the attempt has failed" do
    handlers.add("slow") { |step| step.attempt == 1 ? sleep : {} }
    task_id = create("slow")
    expect { Timeout.timeout(0.5) { described_class.run_task(task_id, client:, handlers:) } }.to raise_error(Timeout::Error)
    expect(client.step(task_id, "slow")).to have_attributes(status: "error", attempts: 1)
  end

  it "raises what wants to end the process, after the step was handed back" do
    handlers.add("leave") { exit }
    task_id = create("leave")
    expect { described_class.run_task(task_id, client:, handlers:) }.to raise_error(SystemExit)
    expect(client.step(task_id, "leave")).to have_attributes(status: "pending", attempts: 0)
  end
end
