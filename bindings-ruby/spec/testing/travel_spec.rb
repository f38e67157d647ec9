# frozen_string_literal: true

require "active_support/testing/time_helpers"
require_relative "testing_helper"

RSpec.describe Tasker::Testing::Travel do
  include ActiveSupport::Testing::TimeHelpers
  include Tasker::SpecHelpers
  include Kit

  before do
    Tasker::HandlerFactory.instance.clear!
    KitOrder.register
  end

  after { travel_back }

  let(:order) { {namespace: "kit", context: {price: 1}} }

  it "sees when a test has moved the clock, and when it has not" do
    expect(described_class.destination).to be_nil
    travel_to Time.utc(2020, 2, 29, 12)
    expect(described_class.destination).to eq(Time.utc(2020, 2, 29, 12))
    travel_back
    freeze_time
    expect(described_class.destination).to eq(Time.now)
    unfreeze_time
    expect(described_class.destination).to be_nil
  end

  it "takes a workflow into the past and on from there" do
    travel_to Time.utc(2020, 2, 29, 12)
    fail_step("charge", with: "closed", retry_after: 300)
    result = run_task_workflow_until_idle("order", **order)
    expect(result.now).to eq(Time.utc(2020, 2, 29, 12))
    expect(result.next_due_at).to eq(Time.utc(2020, 2, 29, 12, 5))
    expect(result.task.created_at).to eq("2020-02-29T12:00:00Z")

    travel 299
    expect(run_task_workflow_until_idle(result).status).to eq("in_progress")
    travel 1
    result = run_task_workflow_until_idle(result)
    expect(result).to be_complete
    expect(result.now).to eq(Time.utc(2020, 2, 29, 12, 5))
  end

  it "takes a workflow into the future, from where it is" do
    fail_step("charge", with: "closed", retry_after: 300)
    result = run_task_workflow_until_idle("order", **order)
    travel 301
    expect(run_task_workflow_until_idle(result)).to be_complete
  end

  it "does not take it back" do
    workflow_test
    began_at = workflow_test.now
    travel_to Time.utc(2020, 2, 29)
    expect(run_task_workflow("order", **order).now).to eq(began_at)
  end

  it "lets waits go on in between: a run to the end is ahead of the test" do
    travel_to Time.utc(2020, 2, 29, 12)
    fail_step("charge", with: "closed", retry_after: 300)
    expect(run_task_workflow("order", **order).now).to eq(Time.utc(2020, 2, 29, 12, 5))
    travel 60
    expect(run_task_workflow("order", **order).now).to eq(Time.utc(2020, 2, 29, 12, 10))
  end

  it "creates tasks of the application at that time" do
    travel_to Time.utc(2040, 1, 1)
    workflow_test
    created = Tasker.create_task!("order", **order)
    expect(run_task_workflow(created).task.created_at).to eq("2040-01-01T00:00:00Z")
  end
end
