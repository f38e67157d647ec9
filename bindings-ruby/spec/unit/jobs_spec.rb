# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::Jobs do
  let(:enqueued) { [] }

  before do
    allow(Tasker).to receive(:models?).and_return(true)
    stub_const("ActiveJob::Base", Class.new)
    jobs = enqueued
    stub_const("Tasker::TaskRunnerJob", Class.new { define_singleton_method(:perform_later) { |task_id| jobs << task_id } })
    Tasker.configure { |config| config.execution.run_tasks_in_jobs = true }
  end

  after { Tasker.reset_configuration! }

  def created(task_id, created: true, pruned: false) = Tasker::Created.new(task_id:, created:, pruned:)

  # What ActiveRecord of 7.2 says of a transaction that is open: the jobs of it come when it is called.
  def transaction
    stub_const("ActiveRecord::Transaction", Class.new do
      def after_commit(&block) = (@blocks ||= []) << block

      def commit = @blocks.each(&:call)
    end)
    ActiveRecord::Transaction.new
  end

  it "are for tasks that are new, where the configuration says so" do
    described_class.enqueue([created("new"), created("there", created: false), created("gone", created: false, pruned: true)])
    expect(enqueued).to eq(["new"])
  end

  it "are none by default, without models, and without ActiveJob" do
    Tasker.reset_configuration!
    expect(described_class).not_to be_wanted
    Tasker.configure { |config| config.execution.run_tasks_in_jobs = true }
    expect(described_class).to be_wanted
    allow(Tasker).to receive(:models?).and_return(false)
    expect(described_class).not_to be_wanted
    allow(Tasker).to receive(:models?).and_return(true)
    hide_const("ActiveJob")
    expect(described_class).not_to be_wanted
    described_class.enqueue([created("new")])
    expect(enqueued).to be_empty
  end

  it "come after the commit of what a class, and a connection, says of its transaction" do
    open = transaction
    [open, double("what a connection has", user_transaction: open)].each do |current|
      described_class.enqueue([created("new")], double("a class or a connection", current_transaction: current))
    end
    expect(enqueued).to be_empty
    open.commit
    expect(enqueued).to eq(%w[new new])
  end

  it "come at once where nobody can tell when it is committed" do
    described_class.enqueue([created("of pg")], Object.new)
    # As in Rails 7.1.
    described_class.enqueue([created("of 7.1")], double("a connection", current_transaction: Object.new))
    expect(enqueued).to eq(["of pg", "of 7.1"])
  end

  it "are enqueued each by itself, and refuse nothing" do
    log = StringIO.new
    allow(Tasker).to receive(:logger).and_return(Logger.new(log))
    allow(Tasker::TaskRunnerJob).to receive(:perform_later).and_wrap_original do |enqueue, task_id|
      raise IOError, "the queue is away" if task_id == "first"

      enqueue.call(task_id)
    end
    described_class.enqueue([created("first"), created("second")])
    expect(enqueued).to eq(["second"])
    expect(log.string).to include("no job for task first: the queue is away (IOError); Tasker::MaintenanceJob will enqueue one")
  end
end
