# frozen_string_literal: true

require "stringio"
require_relative "import_helper"

RSpec.describe Tasker::Import::Survey, :database, :import do
  let!(:tasks) { Histories.leave(ancestor) }

  it "says what there is and what would become of it, and writes nothing" do
    register_templates
    survey = nil
    expect { survey = import.survey }.not_to(change { ancestor.fingerprint })
    expect(survey).to be_ok
    expect(survey.counts).to include("tasks" => tasks.size, "namespaces" => 4, "annotations" => 2)
    expect(survey.tasks)
      .to eq("complete" => 4, "pending" => 5, "in_progress" => 2, "error" => 2, "cancelled" => 1, "resolved_manually" => 1)
    expect(survey.fates).to eq("ready" => 3, "waiting" => 2, "interrupted" => 1, "lost" => 1, "failed" => 2)
    expect(survey.unserved).to be_empty
    expect(survey.to_s).to include("Tasks to import: 5 pending", "1 were in progress and would run again", "Nothing was written.")
    expect(connection.select_value("select to_regclass('tasker_import_map')::text")).to be_nil
    expect(connection.select_value("select count(*) from tasker.tasks")).to eq(0)
  end

  it "agrees with what then becomes of it" do
    register_templates
    survey = import.survey
    report = import.run
    open = report[:open]
    expect(survey.fates).to include("waiting" => open.waiting, "interrupted" => open.interrupted, "lost" => open.lost)
    expect(open.ready).to eq(survey.fates["ready"] + survey.fates["interrupted"])
    expect(import.survey.tasks).to be_empty
  end

  it "names steps that no template of the application has" do
    engine.register("shop", "order", "1.0.0", Histories::ORDER.slice(:validate, :charge))
    expect(import.survey.unserved).to eq("shop.order@1.0.0" => ["ship"], "analytics.report@0.1.0" => %w[extract merge orders users])
  end

  it "knows the templates of the application before they are registered" do
    key = Tasker::Templates::Key.of(namespace: "shop", name: "order", version: "3.0.0")
    templates = Tasker::Templates.new
    source = {"name" => "order", step_templates: Histories::ORDER.keys.map { |step| {name: step} }}
    templates.add(key) { double(template_source: source) }
    allow(Tasker).to receive(:templates).and_return(templates)
    expect(import.survey.unserved.keys).to eq(["analytics.report@0.1.0"])
  end

  it "warns of what is old, of what is young, and of workers" do
    register_templates
    engine.worker(["order/charge"])
    connection.execute("update tasker_task_transitions set created_at = now() at time zone 'utc' where most_recent")
    connection.execute("update tasker_tasks set created_at = created_at - interval '2 years'")
    expect(import.survey.warnings).to contain_exactly(
      a_string_matching(/9 open tasks are older than 30 days, the oldest of 2024-03-01.*PAUSE_BEFORE=/),
      a_string_including("not a minute ago"), a_string_including("spec (process 7 on here)")
    )
  end

  it "tells everything that stands against it at once" do
    connection.execute("update tasker_named_tasks set version = 'v2' where version = '2.0.0'")
    connection.execute("drop schema tasker cascade")
    survey = import.survey
    expect(survey.problems).to contain_exactly(a_string_including("no schema \"tasker\""), a_string_including("'v2'"))
    expect(survey).not_to be_ok
    expect(survey.to_s).to include("To be set right first:")
  end

  it "says how far the import is" do
    output = StringIO.new
    register_templates
    import(output:, batch_size: 5).run
    expect(output.string.lines.map(&:chomp)).to eq(["open tasks: 9 of 9", "history: 6 of 6", "comparing: 15 of 15"])
  end
end
