# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe "what applications note", :models do
  let(:task) { task_of({only: []}) }
  let(:annotation) { task.task_annotations.create!(annotation_type: shipment, annotation: {"carrier" => "DHL"}) }
  let(:shipment) { Tasker::AnnotationType.find_or_create_by!(name: "shipment") }

  def refused(verb) = raise_error(Tasker::ReadOnlyRecordError, /#{Regexp.escape(verb)}/)

  it "are annotations" do
    expect(annotation).to have_attributes(
      persisted?: true, task_id: task.task_id, annotation: {"carrier" => "DHL"}, annotation_type: shipment,
      annotation_type_name: "shipment", created_at: be_a(Time)
    )
    expect(task.task_annotations).to contain_exactly(annotation)
    expect(task.annotation_types.map(&:name)).to eq(["shipment"])
    expect(Tasker::AnnotationType.find_by(name: "shipment").tasks).to contain_exactly(task)
    expect(Tasker::Task.by_annotation("shipment", "carrier", "DHL")).to contain_exactly(task)
  end

  it "are created in every way in which records are" do
    note = {task:, annotation_type: shipment}
    given = [
      Tasker::TaskAnnotation.create!(**note, annotation: 1),
      Tasker::TaskAnnotation.create(task: task, task_id: task.task_id, annotation_type_id: shipment.annotation_type_id, annotation: [2]),
      Tasker::TaskAnnotation.new(**note, annotation: false).tap(&:save),
      Tasker::TaskAnnotation.find_or_create_by!(**note, annotation: {"a" => 4}),
      Tasker::TaskAnnotation.find_or_create_by!(**note, annotation: {"a" => 4}),
      Tasker::TaskAnnotation.annotate(task, :shipment, "six")
    ]
    task.task_annotations << Tasker::TaskAnnotation.new(annotation_type: shipment, annotation: "seven")
    expect(given).to all(be_persisted)
    expect(task.reload.task_annotations.order(:task_annotation_id).map(&:annotation)).to eq([1, [2], false, {"a" => 4}, "six", "seven"])
  end

  it "are saved with the task on which they were built" do
    task.task_annotations.build(annotation_type: shipment, annotation: "built")
    expect(task.update!(reason: "asked to")).to be true
    expect(Tasker::Task.find(task.task_id)).to have_attributes(reason: "asked to", task_annotations: [have_attributes(annotation: "built")])
  end

  it "are made with their type in one call" do
    2.times { |number| Tasker::TaskAnnotation.annotate(task, " note ", {number:, right: true}) }
    expect(Tasker::AnnotationType.pluck(:name)).to eq(["note"])
    expect(Tasker::TaskAnnotation.with_value("right", "true").of_type("note").count).to eq(2)
  end

  it "say something, of a type, on a task" do
    expect { Tasker::TaskAnnotation.annotate(task, :note, nil) }.to raise_error(ActiveRecord::RecordInvalid, /can't be blank/)
    invalid = Tasker::TaskAnnotation.create(annotation: {})
    expect(invalid).to have_attributes(persisted?: false, errors: have_attributes(attribute_names: %i[task annotation_type]))
    expect(task.task_annotations.create(annotation_type: shipment)).not_to be_persisted
    expect { Tasker::TaskAnnotation.annotate(task, "x" * 65, 1) }.to raise_error(Tasker::InvalidArgumentError, /1 to 64 characters, not 65/)
    expect(Tasker::TaskAnnotation.count).to eq(0)
  end

  it "never change" do
    expect { annotation.update!(annotation: {}) }.to refused("note another one by Tasker::TaskAnnotation.annotate")
    expect { annotation.reload.update(annotation: {}) }.to refused("Tasker::TaskAnnotation.annotate")
    expect { annotation.reload.destroy }.to refused("goes with its task")
    expect { task.task_annotations.delete_all }.to refused("goes with its task")
    expect { task.task_annotations.destroy_all }.to refused("goes with its task")
    expect { Tasker::TaskAnnotation.update_all(annotation: {}) }.to refused("Tasker::TaskAnnotation.annotate")
    expect { Tasker::TaskAnnotation.insert_all([{task_id: task.task_id}]) }.to refused("use create!")
    expect(annotation.reload).to be_readonly
    expect(Tasker::TaskAnnotation.new).not_to be_readonly
  end

  describe "have types" do
    it "that are there before their first annotation" do
      expect(shipment).to have_attributes(persisted?: true, annotation_type_id: be_an(Integer))
      expect(Tasker::AnnotationType.find_or_create_by!(name: "shipment")).to eq(shipment)
      expect(Tasker::AnnotationType.create!(name: "shipment")).to eq(shipment)
      expect(Tasker::AnnotationType.count).to eq(1)
    end

    it "with a description, which can be saved" do
      type = Tasker::AnnotationType.create!(name: "note", description: "Whatever it is")
      expect(Tasker::AnnotationType.find(type.id).description).to eq("Whatever it is")
      type.update!(description: "Something else")
      expect(Tasker::AnnotationType.find_by(name: "note").description).to eq("Something else")
      type.update!(description: nil)
      expect(type.description).to be_blank
      expect(Tasker::AnnotationType.create(name: "")).to have_attributes(persisted?: false, errors: be_any)
    end

    it "which keep their name, and stay" do
      expect { shipment.update!(name: "parcel") }.to refused("a type has its name for good")
      expect { shipment.reload.destroy }.to refused("a type stays")
      expect { Tasker::AnnotationType.delete_all }.to refused("a type stays")
    end
  end

  # As docs/operations/privileges.md has it: whoever runs handlers reads, and calls functions; no table is written to.
  it "are noted by users that may write to no table" do
    task
    connection.execute(<<~SQL)
      create role ruby_spec_#{Process.pid};
      grant usage on schema tasker to ruby_spec_#{Process.pid};
      grant select on all tables in schema tasker to ruby_spec_#{Process.pid};
      grant execute on function tasker.annotation_type, tasker.annotate_task to ruby_spec_#{Process.pid};
      set local role ruby_spec_#{Process.pid};
    SQL
    expect(annotation.annotation_type).to eq(shipment)
    expect(Tasker::TaskAnnotation.annotate(task, "new", {}).annotation_type_name).to eq("new")
    expect(Tasker::Task.where(complete: false).map { |one| one.step("only").name }).to eq(%w[only])
    expect { task.update!(tags: []) && task.update!(tags: ["x"]) }.to raise_error(Tasker::ForbiddenError, /update_task/)
  end

  it "are pairs of things in two systems, whichever way round" do
    map = Tasker::DependentSystemObjectMap.find_or_create("shop", "order-7", "billing", "invoice-9")
    expect(map.dependent_system_one.name).to eq("shop")
    expect(Tasker::DependentSystemObjectMap.find_or_create("billing", "invoice-9", "shop", "order-7")).to eq(map)
    expect(Tasker::DependentSystemObjectMap.find_or_create("shop", "order-7", "billing", "invoice-9")).to eq(map)
    expect(Tasker::DependentSystemObjectMap.find_or_create("shop", "order-8", "billing", "invoice-9")).not_to eq(map)
    expect(Tasker::DependentSystem.where(name: %w[shop billing]).count).to eq(2)
  end
end
