# frozen_string_literal: true

require_relative "rails_helper"

RSpec.describe "Jobs of an application" do
  before(:all) do
    @application = Application.new
    @application.rails("generate", "tasker:install")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge", "ship")
    @application.rails("db:prepare")
    @application.write("app/tasks/shop/pay/charge.rb", <<~RUBY)
      class Shop::Pay::Charge < Tasker::StepHandler::Base
        def process(task, sequence, step)
          raise Tasker::RetryableError.new("closed", retry_after: 60) if task.context[:closed]

          { done: true }
        end
      end
    RUBY
  end

  after(:all) { @application.destroy }

  let(:application) { @application }

  # What a block of Ruby gives where jobs are noted and not run.
  def noted(ruby, **environment)
    application.evaluate(<<~RUBY, **environment)
      ActiveJob::Base.queue_adapter = adapter = ActiveJob::QueueAdapters::TestAdapter.new
      #{ruby}
    RUBY
  end

  it "run what is ready of a task, to its end" do
    expect(noted(<<~RUBY)).to eq(["complete", 0])
      task = Tasker.create_task!("pay", namespace: "shop")
      Tasker::TaskRunnerJob.perform_now(task.task_id)
      [Tasker.client.task_state(task.task_id), adapter.enqueued_jobs.size]
    RUBY
  end

  it "come again when the next step is due" do
    status, seconds = noted(<<~RUBY)
      task = Tasker.create_task!("pay", namespace: "shop", context: {closed: true})
      Tasker::TaskRunnerJob.perform_now(task.task_id)
      [Tasker.client.task_state(task.task_id), adapter.enqueued_jobs.map { |job| job[:at] - Time.now.to_f }.first]
    RUBY
    expect(status).to eq("in_progress")
    expect(seconds).to be_within(15).of(60)
  end

  it "are patient with a task whose creation is not committed yet" do
    expect(noted(<<~RUBY)).to eq(1)
      Tasker::TaskRunnerJob.perform_now("0198c0de-0000-7000-8000-000000000000")
      adapter.enqueued_jobs.size
    RUBY
  end

  it "are enqueued anew by maintenance, for tasks that nobody runs" do
    expect(noted(<<~RUBY, TASKER_EXECUTION__LEASE_SECONDS: "1")).to eq([false, true])
      task = Tasker.create_task!("pay", namespace: "shop")
      [60, 0].map do |ready_for|
        Tasker::MaintenanceJob.perform_now(ready_for:)
        adapter.enqueued_jobs.any? { |job| job["arguments"] == [task.task_id] }
      end
    RUBY
  end

  it "take up, after maintenance, what a process that died had begun" do
    application.write("app/tasks/shop/pay/ship.rb", <<~RUBY)
      class Shop::Pay::Ship < Tasker::StepHandler::Base
        def process(task, sequence, step)
          Process.kill(:KILL, Process.pid) if task.context[:dies] && step.attempt == 1
          { attempt: step.attempt }
        end
      end
    RUBY
    application.rails("runner", <<~RUBY, fails: true, TASKER_EXECUTION__LEASE_SECONDS: "1")
      task = Tasker.create_task!("pay", namespace: "shop", context: {dies: true})
      File.write("tmp/dies", task.task_id)
      Tasker::TaskRunnerJob.perform_now(task.task_id)
    RUBY
    expect(noted(<<~RUBY, TASKER_EXECUTION__LEASE_SECONDS: "1")).to eq(["complete", 2])
      task_id = File.read("tmp/dies")
      Tasker::MaintenanceJob.perform_now(ready_for: 0)
      adapter.enqueued_jobs.each { |job| Tasker::TaskRunnerJob.perform_now(*job["arguments"]) }
      [Tasker.client.task_state(task_id), Tasker.client.step(task_id, "ship").results[:attempt]]
    RUBY
  end

  it "run new tasks by themselves where the application wants that, once they are committed" do
    expect(noted(<<~RUBY)).to eq([0, 0, 1, 2, 3])
      Tasker.configure { |config| config.execution { |execution| execution.run_tasks_in_jobs = true } }
      counts = []
      create = -> { Tasker.create_task!("pay", namespace: "shop", idempotency_key: "once") }
      ActiveRecord::Base.transaction do
        create.call
        counts << adapter.enqueued_jobs.size
        raise ActiveRecord::Rollback
      end
      counts << adapter.enqueued_jobs.size
      ActiveRecord::Base.transaction { create.call }
      create.call
      counts << adapter.enqueued_jobs.size
      Tasker::HandlerFactory.instance.get(:pay, namespace_name: :shop).initialize_task!(name: "pay", namespace: "shop", context: {})
      counts << adapter.enqueued_jobs.size
      Tasker.client.create_task("pay", namespace: "shop")
      counts << adapter.enqueued_jobs.size
    RUBY
  end

  it "run new tasks that are created on a connection by itself, or by its class, once they are committed" do
    expect(noted(<<~RUBY)).to eq([0, 0, 2, 4])
      Tasker.configure { |config| config.execution { |execution| execution.run_tasks_in_jobs = true } }
      # As it is from Rails 8 on.
      ActiveJob::Base.enqueue_after_transaction_commit = :never
      Tasker.templates.register_all(Tasker.client)
      counts = []
      create = lambda do
        ActiveRecord::Base.transaction(requires_new: true) do
          [ActiveRecord::Base, ActiveRecord::Base.lease_connection].each { |on| Tasker.client.create_task_in(on, "pay", namespace: "shop") }
        end
        counts << adapter.enqueued_jobs.size
      end
      ActiveRecord::Base.transaction { create.call; raise ActiveRecord::Rollback }
      ActiveRecord::Base.transaction { create.call }
      counts << adapter.enqueued_jobs.size
      create.call
      counts
    RUBY
  end

  it "are hints: a task is created although its job cannot be enqueued, and the log says so" do
    expect(noted(<<~RUBY)).to eq(["pending", true])
      Tasker.configure { |config| config.execution { |execution| execution.run_tasks_in_jobs = true } }
      Tasker.logger = Logger.new(log = StringIO.new)
      def adapter.enqueue(_job) = raise(IOError, "the queue is away")
      task = ActiveRecord::Base.transaction { Tasker.create_task!("pay", namespace: "shop") }
      [Tasker.client.task_state(task.task_id), log.string.include?("no job for task \#{task.task_id}: the queue is away (IOError)")]
    RUBY
  end

  it "run new tasks to their end by themselves, with the adapter :async" do
    expect(application.evaluate(<<~RUBY)).to eq("complete")
      Tasker.configure { |config| config.execution { |execution| execution.run_tasks_in_jobs = true } }
      ActiveJob::Base.queue_adapter = :async
      task = ActiveRecord::Base.transaction { Tasker.create_task!("pay", namespace: "shop") }
      Tasker.client.wait(task.task_id, within_seconds: 20).status
    RUBY
  end

  it "run on threads of the process, with the adapter :async" do
    expect(application.evaluate(<<~RUBY)).to eq("complete")
      ActiveJob::Base.queue_adapter = :async
      task = ActiveRecord::Base.transaction do
        Tasker.create_task!("pay", namespace: "shop").tap { |created| Tasker::TaskRunnerJob.perform_later(created.task_id) }
      end
      Tasker.client.wait(task.task_id, within_seconds: 20).status
    RUBY
  end
end
