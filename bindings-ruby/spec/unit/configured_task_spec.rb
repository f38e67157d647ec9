# frozen_string_literal: true

require_relative "unit_helper"
require "tmpdir"

RSpec.describe Tasker::ConfiguredTask do
  around do |example|
    Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } }
  end

  let(:file) { Pathname.pwd / "config/tasker/tasks/order_process/order_handler.yaml" }

  before do
    stub_const("OrderProcess", Module.new)
    stub_const("OrderProcess::ChargeHandler", Class.new(Tasker::StepHandler::Base))
    stub_const("OrderProcess::OrderHandler", Class.new(described_class))
    file.dirname.mkpath
    file.write(<<~YAML)
      name: process_order
      namespace_name: ecommerce
      version: 1.2.0
      module_namespace: OrderProcess
      task_handler_class: OrderHandler
      step_templates:
        - name: charge
          handler_class: OrderProcess::ChargeHandler
    YAML
  end

  def handler = Tasker::HandlerFactory.instance.get("process_order", namespace_name: "ecommerce")

  it "finds its file by its name" do
    expect(OrderProcess::OrderHandler.task_name).to eq("order_process/order_handler")
    expect(OrderProcess::OrderHandler.yaml_path).to eq(file)
  end

  it "looks in the directory of the configuration" do
    Tasker.configure { |config| config.engine.task_config_directory = "workflows" }
    expect(OrderProcess::OrderHandler.yaml_path.to_s).to end_with("config/workflows/order_process/order_handler.yaml")
  end

  it "registers itself by its first instance" do
    instance = OrderProcess::OrderHandler.new
    expect(handler).to be_a(OrderProcess::OrderHandler)
    expect(instance.step_templates.map(&:name)).to eq(["charge"])
    expect(instance.config["version"]).to eq("1.2.0")
    expect(instance.handler_class).to be(OrderProcess::OrderHandler)
  end

  it "is registered as its file, once" do
    OrderProcess::OrderHandler.new
    Tasker.templates.register_all(Tasker.client)
    handler
    OrderProcess::OrderHandler.new
    Tasker.templates.register_all(Tasker.client)
    expect(Tasker.client.registered).to eq([file])
  end

  it "is not built again where its file was built before" do
    Tasker::TaskBuilder.from_yaml(file)
    Tasker.templates.register_all(Tasker.client)
    expect(OrderProcess::OrderHandler.new.step_templates.map(&:name)).to eq(["charge"])
    Tasker.templates.register_all(Tasker.client)
    expect(Tasker.client.registered).to eq([file])
  end

  it "registers itself again where the registry was emptied" do
    OrderProcess::OrderHandler.new
    Tasker::HandlerFactory.instance.clear!
    OrderProcess::OrderHandler.new
    expect(handler).to be_a(OrderProcess::OrderHandler)
  end

  it "may say its configuration itself" do
    OrderProcess::OrderHandler.define_singleton_method(:config) { super().merge("version" => "3.0.0") }
    OrderProcess::OrderHandler.new
    Tasker.templates.register_all(Tasker.client)
    expect(Tasker.client.registered).to match([a_hash_including("version" => "3.0.0")])
  end

  it "may have hooks" do
    OrderProcess::OrderHandler.define_method(:validate_context) { |_context| ["never"] }
    expect { OrderProcess::OrderHandler.new.initialize_task!({name: "process_order", namespace: "ecommerce", context: {}}) }
      .to raise_error(Tasker::InvalidContextError, /never/)
  end
end
