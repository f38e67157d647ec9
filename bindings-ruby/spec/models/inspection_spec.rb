# frozen_string_literal: true

require "pp" # rubocop:disable Lint/RedundantRequireStatement -- what is loaded by itself is Kernel#pp alone
require_relative "models_helper"

RSpec.describe Tasker::Task::Inspection, :models do
  let(:steps) { {validate: [], charge: [:validate], ship: [:charge], notify: [:ship]} }
  let(:task) { task_of(steps, context: {order: 7}, initiator: "ada", tags: ["express"]) }

  def told = Tasker::Task.find(task.task_id).inspect_execution.to_s

  it "tells state, progress, attempts, the next retry, and why each step does not go on" do
    complete(claim(task)["validate"])
    fail_step(claim(task)["charge"], "the bank is closed", code: "CLOSED", retry_after: 120.0)
    expect(told.gsub(task.task_id, "ID").gsub(/\d+-\d+-\d+ \d+:\d+:\d+ UTC \(.*?\)/, "NOW").gsub(/\d+(\.\d)? s ago/, "just now"))
      .to eq(<<~TEXT.chomp)
        shop.order@1.0.0 is in_progress: 1 of 4 steps done (25.0 %), recovering: charge waits for its next attempt
          task     ID
          created  NOW
          started  NOW
          asked by ada
          tags     express
          context  {"order":7}

        ✔ 1  validate  complete  1 of 3  has ended just now
        ↻ 2  charge    error     1 of 3  waits for its next attempt, in 2 min: the bank is closed [CLOSED]
        ○ 3  ship      pending   0 of 3  waits for charge, which waits for its next attempt
        ○ 4  notify    pending   0 of 3  waits for charge, which waits for its next attempt

        What to do
        charge: it goes on by itself; task.step("charge").retry! tries it now
      TEXT
  end

  it "shows itself in a console" do
    inspection = task.inspect_execution
    expect(inspection.inspect).to eq(inspection.to_s)
    expect(PP.pp(inspection, +"")).to eq("#{inspection}\n")
    expect("#{inspection}").to include("shop.order@1.0.0 is pending")
  end

  it "says what to do about what failed for good" do
    run_failing(task, "validate", retryable: false)
    expect(told).to include(
      "shop.order@1.0.0 is error: 0 of 4 steps done (0.0 %), blocked: validate failed, and said that trying again is of no use",
      "✖ 1  validate  error    1 of 3  failed, and said that trying again is of no use: no",
      "cannot run after validate, which failed",
      'task.step("validate").retry!, or task.step("validate").resolve!(results)'
    )
  end

  it "says who paused it, and who cancelled a step" do
    task.step("ship").cancel!(by: "ada", reason: "no stock")
    task.pause!(by: "eve", reason: "stocktaking")
    expect(told).to match(/paused   .*, eve, stocktaking/).and include("is paused: task by eve (stocktaking)")
      .and include("⊘ 3  ship      cancelled  0 of 3  was cancelled: by ada (no stock)").and include("resume what is paused")
  end

  it "says that no worker has the handler" do
    expect(told).to include("! 1  validate  pending  0 of 3  is ready, but no live worker has its handler", "start a worker that has the handler h")
  end

  it "says nothing of what to do once it is done" do
    run(task)
    expect(told).to start_with("shop.order@1.0.0 is complete: 4 of 4 steps done (100.0 %), healthy\n").and satisfy { |text| !text.include?("What to do") }
  end

  it "tells a large task by what others wait for" do
    register("large", {start: [], **(1..150).to_h { |number| [:"step#{number}", [:start]] }})
    text = create_task("large").inspect_execution.to_s
    expect(text.lines.size).to be < 20
    expect(text).to include("… and 150 more: 150 dependency")
  end

  it "asks four questions at the most" do
    found = Tasker::Task.find(task.task_id)
    expect(statements { found.inspect_execution.to_s }).to be <= 4
  end

  describe Tasker::Task::Inspection::Words do
    it "has the words of the engine for every reason" do
      source = File.expand_path("../../../core/src/model/why.rs", __dir__)
      skip "the engine's sources are elsewhere" unless File.exist?(source)

      text = File.read(source)
      names = text[/fn as_str.*?^    }/m].scan(/WhyReason::(\w+) => "(\w+)"/).to_h
      words = text[/fn words.*?^    }/m].scan(/WhyReason::(\w+) => (?:\{\s*)?"([^"]*)"/).to_h
      expect(names.to_h { |variant, name| [name, words.fetch(variant)] }).to eq(described_class::WORDS)
    end

    it "tells a reason that is new" do
      expect(described_class.of("waits_for_moon")).to eq("is waits for moon")
    end

    it "tells durations by one number" do
      expect([0.04, 12.34, 59.9, 60, 5400, 90_000].map { |seconds| described_class.duration(seconds) })
        .to eq(["0.0 s", "12.3 s", "59.9 s", "1 min", "2 h", "1 d"])
    end
  end
end
