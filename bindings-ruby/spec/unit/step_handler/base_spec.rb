# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::StepHandler::Base do
  let(:step) { Unit.step }

  def run(handler) = handler.handle(step.task, step.sequence, step)

  it "lets process_results say what is stored" do
    handler = Class.new(described_class) do
      def process(*) = {id: 7, noise: "…"}

      private

      def process_results(step, output, _initial_results) = step.results = {id: output[:id]}
    end
    run(handler.new)
    expect(step.results).to eq({"id" => 7})
  end

  it "gives process_results the results of before, so that an override can tell whether process assigned some" do
    seen = nil
    handler = Class.new(described_class) do
      define_method(:process) { |_task, _sequence, step| step.results = {a: 1} }
      define_method(:process_results) { |step, _output, initial_results| seen = [initial_results, step.results] }
    end
    run(handler.new)
    expect(seen).to eq([{}, {"a" => 1}])
  end

  it "respects results that were put into those that were there" do
    run(Class.new(described_class) { def process(_task, _sequence, step) = step.results[:a] = 1 }.new)
    expect(step.results).to eq({"a" => 1})
  end

  it "stores a value that is no Hash as it is" do
    run(Class.new(described_class) { def process(*) = [1, 2] }.new)
    expect(step.results).to eq([1, 2])
  end

  it "works with records and doubles, which do not say what was assigned" do
    record = Struct.new(:results).new({})
    Class.new(described_class) { def process(*) = {done: true} }.new.handle(nil, nil, record)
    expect(record.results).to eq({done: true})
    Class.new(described_class) { def process(_task, _sequence, step) = step.results = {own: true} }.new.handle(nil, nil, record)
    expect(record.results).to eq({own: true})
  end

  it "has no events of its own, unless it says so" do
    expect(described_class.custom_event_configuration).to eq([])
  end

  it "publishes events of its own in this process" do
    seen = []
    subscription = ActiveSupport::Notifications.subscribe("payment.processed") { |name, *, payload| seen << [name, payload] }
    described_class.new.publish_custom_event("payment.processed", {id: 7})
    expect(seen).to eq([["payment.processed", {id: 7}]])
  ensure
    ActiveSupport::Notifications.unsubscribe(subscription)
  end
end
