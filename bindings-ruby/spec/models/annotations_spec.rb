# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe "what applications write", :models do
  it "are annotations" do
    task = task_of({only: []})
    annotation = task.task_annotations.create!(
      annotation_type: Tasker::AnnotationType.create!(name: "shipment", description: "Where it is"), annotation: {"carrier" => "DHL"}
    )
    expect(annotation.annotation_type_name).to eq("shipment")
    expect(task.annotation_types.map(&:name)).to eq(["shipment"])
    expect(Tasker::AnnotationType.find_by(name: "shipment").tasks).to contain_exactly(task)
    annotation.update!(annotation: {"carrier" => "UPS"})
    expect(Tasker::TaskAnnotation.of_type("shipment").with_value("carrier", "UPS")).to contain_exactly(annotation)
    expect { annotation.destroy }.to change(Tasker::TaskAnnotation, :count).by(-1)
  end

  it "are made with their type in one call" do
    task = task_of({only: []})
    2.times { |number| Tasker::TaskAnnotation.annotate(task, :note, {"number" => number, "right" => true}) }
    expect(Tasker::AnnotationType.where(name: "note").count).to eq(1)
    expect(Tasker::TaskAnnotation.with_value("right", "true").count).to eq(2)
    expect { Tasker::TaskAnnotation.annotate(task, :note, nil) }.to raise_error(ActiveRecord::RecordInvalid)
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
