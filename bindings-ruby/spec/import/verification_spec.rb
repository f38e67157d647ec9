# frozen_string_literal: true

require_relative "import_helper"

RSpec.describe Tasker::Import::Verification, :database, :import do
  let!(:tasks) { Histories.leave(ancestor) }
  let(:id) { tasks.transform_values { |old| id_of(old) } }

  before do
    register_templates
    import.run
  end

  # What is wrong, by the sentences that are said about it.
  def problems = import.verify.problems

  it "finds what was changed, and names it" do
    connection.execute(<<~SQL)
      update tasker.tasks set context = '{"order": 8}', reason = 'another' where task_id = '#{id[:finished]}';
      update tasker.workflow_steps set results = '{"by": "nobody"}' where task_id = '#{id[:retried]}' and step_no = 2;
      update tasker.workflow_step_transitions set created_at = created_at + interval '1 second'
      where task_id = '#{id[:retried]}' and step_no = 3 and seq = 1
    SQL
    expect(problems).to contain_exactly(
      "task #{tasks[:finished]} (#{id[:finished]}): context differs; reason was a customer, is another",
      "task #{tasks[:retried]} (#{id[:retried]}), step 2: results differs",
      "task #{tasks[:retried]} (#{id[:retried]}), step 3: moves differs",
      "the checksums differ"
    )
  end

  it "finds what is missing" do
    connection.execute(<<~SQL)
      delete from tasker.workflow_steps where task_id = '#{id[:finished]}' and step_no = 3;
      delete from tasker.task_annotations where annotation ? 'carrier';
      delete from tasker.dependent_system_object_maps
    SQL
    expect(problems).to include(
      "the mapping of bank c-7 to warehouse k-9 is missing", "annotations: 2 there, 1 here", "steps complete: 21 there, 20 here",
      "task #{tasks[:finished]} (#{id[:finished]}): annotations differs; steps was 3, is 2",
      "task #{tasks[:finished]} (#{id[:finished]}), step 3: it is missing"
    )
  end

  it "finds a step that nobody would ever claim, and a count that is wrong" do
    connection.execute("update tasker.workflow_steps set ready_at = null where task_id = '#{id[:fresh]}' and step_no = 1")
    connection.execute("update tasker.workflow_steps set open_parents = 2 where task_id = '#{id[:diamond]}' and step_no = 4")
    expect(problems).to include(
      "task #{tasks[:fresh]} (#{id[:fresh]}), step 1: sound was true, is false",
      "task #{tasks[:diamond]} (#{id[:diamond]}), step 4: sound was true, is false"
    )
  end

  it "tells what has not come over" do
    Histories.order(ancestor)
    expect(problems).to eq(["1 tasks that have not ended have not come over: bin/rails tasker:import"])
  end

  it "is not disturbed by tasks that have gone on since" do
    engine.run(id[:fresh], all_handlers)
    engine.run(id[:waiting], all_handlers)
    verification = import.verify
    expect(verification.problems).to be_empty
    expect(verification.went_on).to eq(2)
    expect(verification.to_s).to include("2 tasks have gone on since", "Everything is what it was.")
  end

  it "compares in batches to the same as at once" do
    at_once = import(batch_size: 1000).verify
    expect(import(batch_size: 2).verify.counts).to eq(at_once.counts)
    expect(at_once.source_checksum).to eq(at_once.target_checksum)
  end

  it "keeps the first differences and counts the others" do
    connection.execute("update tasker.workflow_steps set retry_limit = 30000")
    stub_const("#{described_class}::MOST_DIFFERENCES", 3)
    verification = import(batch_size: 4).verify
    expect(verification.differences.size).to eq(3)
    expect(verification.problems).to include(a_string_matching(/\Aand \d+ more\z/))
  end
end
