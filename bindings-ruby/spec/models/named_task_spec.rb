# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::NamedTask, :models do
  before do
    register("order", {validate: [], charge: {after: [:validate], dependent_system: "bank", retry_limit: 5, skippable: true}})
    register("order", {validate: []}, version: "10.0.0", description: "The tenth")
    register("order", {validate: []}, version: "2.0.0")
    register("order", {validate: []}, namespace: "default", version: "0.1.0")
  end

  let(:first) { described_class.in_namespace("shop").find_by(version: "1.0.0") }

  it "finds the latest version by its numbers" do
    expect(described_class.find_latest_version("shop", "order").version).to eq("10.0.0")
    expect(described_class.find_latest_version("shop", "none")).to be_nil
    expect(described_class.latest_versions.map(&:full_name)).to contain_exactly("shop.order@10.0.0", "default.order@0.1.0")
    expect(described_class.in_namespace("shop").latest_versions.map(&:version)).to eq(["10.0.0"])
  end

  it "has its names" do
    expect(first).to have_attributes(
      full_name: "shop.order@1.0.0", qualified_name: "shop.order", namespace_name: "shop", default_namespace?: false,
      concurrent?: true, task_namespace_id: first.namespace_id
    )
    expect(described_class.find_latest_version("shop", "order").description).to eq("The tenth")
  end

  it "says whether a version is there" do
    expect(described_class.version_exists?("shop", "order", "2.0.0")).to be true
    expect(described_class.version_exists?("shop", "order", "3.0.0")).to be false
  end

  it "finds by full name, and makes nothing" do
    found = described_class.find_or_create_by_full_name!(name: "order")
    expect(found.full_name).to eq("default.order@0.1.0")
    expect { described_class.find_or_create_by_full_name!(name: "none") }
      .to raise_error(Tasker::ReadOnlyRecordError, /register_template/)
    expect { first.update_config!("a" => 1) }.to raise_error(Tasker::ReadOnlyRecordError)
  end

  it "has the template and its steps" do
    expect(first.config[:name]).to eq("order")
    expect(first.step_templates.map(&:name)).to eq(%w[validate charge])
    expect(first.named_steps.map(&:name)).to contain_exactly("validate", "charge")
    charge = Tasker::NamedTasksNamedStep.named_steps_for_named_task(first.id).find { |one| one.step_name == "charge" }
    expect(charge).to have_attributes(task_name: "order", default_retry_limit: 5, default_retryable: true, skippable: true)
    expect(charge.named_step.dependent_system.name).to eq("bank")
  end

  it "has its tasks, and pauses what they would begin" do
    task = create_task("order", version: "1.0.0")
    expect(first.tasks).to contain_exactly(task)
    expect(first.task_namespace.tasks).to contain_exactly(task)
    first.pause!(by: "ada")
    expect(claim(task)).to be_empty
    first.resume!
    first.task_namespace.pause!
    expect(claim(task)).to be_empty
    first.task_namespace.resume!
    expect(claim(task).keys).to eq(["validate"])
  end

  describe Tasker::TaskNamespace do
    it "is found by name, else it is the default one" do
      expect(described_class.find_by_name_or_default("shop")).to have_attributes(name: "shop", full_name: "shop", default?: false)
      expect(described_class.find_by_name_or_default("none")).to have_attributes(name: "default", default?: true, persisted?: true)
      expect(described_class.find_by_name_or_default(nil)).to eq(described_class.default)
      expect(described_class.custom.map(&:name)).to eq(["shop"])
    end
  end
end
