# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::TaskBuilder do
  let(:path) { File.expand_path("files/process_order.yaml", __dir__) }
  let(:config) { described_class.load_yaml(path) }
  let(:factory) { Tasker::HandlerFactory.instance }

  before do
    stub_const("Orders", Module.new)
    %w[Validate Charge FakeCharge].each { |name| stub_const("Orders::#{name}Handler", Class.new(Tasker::StepHandler::Base)) }
  end

  # What the builder has made is taken away.
  after do
    stubbed = RSpec::Mocks::Constant.original("ProcessOrderHandler").stubbed?
    Object.__send__(:remove_const, :ProcessOrderHandler) if Object.const_defined?(:ProcessOrderHandler) && !stubbed
  end

  def refusal
    yield
    raise "it was taken"
  rescue Tasker::InvalidTaskHandlerConfig => e
    e.message
  end

  describe "a file" do
    subject!(:builder) { described_class.from_yaml(path) }

    it "makes a task handler of the name that it says, and registers it" do
      expect(builder.handler_class).to be(ProcessOrderHandler)
      expect(factory.get("process_order", namespace_name: "ecommerce", version: "1.0.0")).to be_a(ProcessOrderHandler)
    end

    it "is registered as the file that it is, so that messages name its lines" do
      Tasker.templates.register_all(Tasker.client)
      expect(Tasker.client.registered).to eq([path])
    end

    it "has its steps" do
      steps = factory.get("process_order", namespace_name: "ecommerce").step_templates
      expect(steps.map { |step| [step.name, step.dependent_system, step.handler_class] }).to eq([
        ["validate", "shop", Orders::ValidateHandler], ["charge", "bank", Orders::ChargeHandler]
      ])
    end

    it "registers the handlers of all its environments" do
      expect(Tasker.handlers.names)
        .to contain_exactly("Orders::ValidateHandler", "Orders::ChargeHandler", "Orders::FakeChargeHandler")
    end

    it "has its schema, constants and configurations" do
      handler = ProcessOrderHandler.new
      expect(handler.schema).to eq({"type" => "object", "required" => ["order_id"]})
      expect([ProcessOrderHandler::DEFAULT_DEPENDENT_SYSTEM, ProcessOrderHandler::NAMED_STEPS]).to eq(["shop", %w[validate charge]])
      expect(handler.step_handler_config_map["charge"]).to be_a(Tasker::StepHandler::Api::Config)
    end

    it "may be built again" do
      builder.build
      expect(Tasker.templates.size).to eq(1)
    end
  end

  it "registers the template itself where the class has a schema of its own" do
    stub_const("ProcessOrderHandler", Class.new { def schema = {type: "object"} })
    described_class.from_yaml(path)
    Tasker.templates.register_all(Tasker.client)
    expect(Tasker.client.registered).to match([a_hash_including("name" => "process_order", "schema" => {type: "object"})])
    expect(Tasker.client.registered.first["environments"]).to eq(config["environments"])
  end

  it "uses a class that is there" do
    handler_class = stub_const("ProcessOrderHandler", Class.new { def own = true })
    expect(described_class.new(config:).handler_class).to be(handler_class)
    expect(factory.get("process_order", namespace_name: "ecommerce").own).to be(true)
  end

  it "makes the class below a module that is there" do
    stub_const("Shop", Module.new)
    builder = described_class.new(config: config.merge("module_namespace" => "Shop", "task_handler_class" => "Order"))
    expect(builder.handler_class.name).to eq("Shop::Order")
  end

  it "does not take a class of that name from elsewhere" do
    stub_const("Shop", Module.new)
    builder = described_class.new(config: config.merge("module_namespace" => "Shop", "task_handler_class" => "String"))
    expect(builder.handler_class.name).to eq("Shop::String")
  end

  it "makes a class without a name where none is named" do
    builder = described_class.new(config: config.except("task_handler_class"))
    expect(builder.handler_class).to include(Tasker::TaskHandler)
    expect(factory.get("process_order", namespace_name: "ecommerce").step_templates.size).to eq(2)
  end

  it "takes symbols for keys" do
    described_class.new(config: {name: :order, step_templates: [{name: "a", handler: "x"}]})
    expect(factory.get("order").step_templates.map(&:handler)).to eq(["x"])
  end

  it "keeps versions apart that share a class" do
    first = config.merge("version" => "1.0.0")
    second = config.merge("version" => "2.0.0", "step_templates" => config["step_templates"].first(1))
    described_class.new(config: first)
    described_class.new(config: second)
    handlers = %w[1.0.0 2.0.0].map { |version| factory.get("process_order", namespace_name: "ecommerce", version:) }
    expect(handlers.map { |handler| handler.step_templates.size }).to eq([2, 1])
    Tasker.templates.register_all(Tasker.client)
    expect(Tasker.client.registered).to eq([first, second])
  end

  it "leaves handlers of other languages to those who have them, and takes a class that is called handler" do
    steps = [{"name" => "a", "handler" => "python.score"}, {"name" => "b", "handler" => "Orders::ChargeHandler"}, {"name" => "c"}]
    described_class.new(config: config.merge("step_templates" => steps, "environments" => nil))
    expect(Tasker.handlers.names).to eq(["Orders::ChargeHandler"])
  end

  describe "what is wrong" do
    it "is a class that is not there, with its step and the file" do
      hide_const("Orders::FakeChargeHandler")
      hide_const("Orders::ValidateHandler")
      message = refusal { described_class.from_yaml(path) }
      expect(message).to start_with("Invalid task handler configuration: #{path}: the step 'validate' names the handler_class")
      expect(message).to include("the step 'charge' names the handler_class Orders::FakeChargeHandler, which is not there")
      expect(factory.handler_classes).to be_empty
    end

    it "is a module that is not there" do
      expect(refusal { described_class.new(config: config.merge("module_namespace" => "Nowhere")) })
        .to end_with("there is no module Nowhere for task_handler_class 'ProcessOrderHandler': it has to be loaded before")
    end

    it "is a name that means something else" do
      stub_const("ProcessOrderHandler", Module.new)
      expect(refusal { described_class.new(config:) })
        .to end_with("task_handler_class 'ProcessOrderHandler' is a Module, and no class")
      expect(refusal { described_class.new(config: config.merge("task_handler_class" => "order")) })
        .to match(/cannot be used: .*order/)
    end

    it "is what is no template" do
      {
        [] => /a map is expected, not Array/, {} => /it has no name/, {"name" => "a"} => /step_templates is a list of steps/,
        {"name" => "a", "step_templates" => [{}]} => /each step needs a name/
      }.each { |wrong, words| expect(refusal { described_class.new(config: wrong) }).to match(words) }
    end

    it "is what is no YAML" do
      broken = File.expand_path("files/broken.yaml", __dir__)
      expect(refusal { described_class.from_yaml(broken) }).to match(/broken.yaml: .*line 1/)
    end

    it "is left to the engine otherwise" do
      expect { described_class.new(config: config.merge("unknwon" => 1, "version" => "one")) }.not_to raise_error
    end
  end
end
