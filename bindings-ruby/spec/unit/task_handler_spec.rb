# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::TaskHandler do
  let(:factory) { Tasker::HandlerFactory.instance }
  let(:client) { Tasker.client }

  before do
    stub_const("ValidateHandler", Class.new(Tasker::StepHandler::Base) { def process(*) = {total: 7} })
    stub_const("ChargeHandler", Class.new(Tasker::StepHandler::Base) { def process(*) = {config: config.to_s} })
  end

  def order_handler(name = "OrderHandler", &body)
    stub_const(name, Class.new { include Tasker::TaskHandler }).tap do |handler|
      handler.register_handler("process_order", namespace_name: "ecommerce", version: "1.0.0")
      handler.define_step_templates do |templates|
        templates.define(name: "validate", handler_class: ValidateHandler)
        templates.define(name: "charge", handler_class: "ChargeHandler", depends_on_step: "validate", default_retry_limit: 5)
      end
      handler.class_eval(&body) if body
    end
  end

  describe "the steps" do
    it "are what was defined, with the ancestor's defaults" do
      steps = order_handler.new.step_templates
      expect(steps.map(&:name)).to eq(%w[validate charge])
      expect(steps.first).to have_attributes(dependent_system: "unknown", description: "validate", default_retry_limit: 3)
      expect(steps.last).to have_attributes(handler_class: ChargeHandler, default_retry_limit: 5, all_dependencies: ["validate"])
    end

    it "can be asked for by the maps of the ancestor" do
      handler = order_handler.new
      expect(handler.step_handler_class_map).to eq({"validate" => "ValidateHandler", "charge" => "ChargeHandler"})
      expect(handler.step_handler_config_map).to eq({"validate" => nil, "charge" => nil})
    end

    it "are those of the class above where a class has none" do
      order_handler
      expect(Class.new(OrderHandler).new.step_templates.map(&:name)).to eq(%w[validate charge])
    end

    it "are none where none were defined" do
      expect(Class.new { include Tasker::TaskHandler }.new.step_templates).to eq([])
    end

    it "have handlers that this process then has" do
      order_handler
      expect(Tasker.handlers.names).to eq(%w[ValidateHandler ChargeHandler])
      expect(Tasker.handlers["ValidateHandler"].call(Unit.step)).to eq({"total" => 7})
    end

    it "need a handler" do
      expect { order_handler.define_step_templates { |templates| templates.define(name: "ship") } }
        .to raise_error(ArgumentError, "the step 'ship' of OrderHandler needs a handler_class")
    end

    it "may have a handler of another process" do
      order_handler.define_step_templates { |templates| templates.define(name: "score", handler: "python.score") }
      expect(OrderHandler.new.template["step_templates"].first).to include("name" => "score", "handler" => "python.score")
      expect(Tasker.handlers["python.score"]).to be_nil
    end

    it "refuse keys that steps do not have" do
      expect { order_handler.define_step_templates { |t| t.define(name: "ship", handler_class: ChargeHandler, retry_limit: 2) } }
        .to raise_error(ArgumentError, /has no 'retry_limit'; did you mean 'default_retry_limit'\?/)
    end

    it "are not defined where a handler cannot say its events" do
      broken = Class.new(Tasker::StepHandler::Base) { def self.custom_event_configuration = raise("broken") }
      expect { order_handler.define_step_templates { |t| t.define(name: "ship", handler_class: broken) } }.to raise_error("broken")
    end

    it "have instances for tests" do
      step = double("step", name: "charge")
      order_handler.define_step_templates { |t| t.define(name: "charge", handler_class: ChargeHandler, handler_config: {a: 1}) }
      expect(OrderHandler.new.get_step_handler(step)).to be_a(ChargeHandler).and have_attributes(config: {a: 1})
      expect { OrderHandler.new.get_step_handler(double("step", name: "ship")) }
        .to raise_error(Tasker::ProceduralError, "No registered class for ship")
    end
  end

  describe "the template" do
    it "is what YAML would say" do
      expect(order_handler.new.template).to eq({
        "name" => "process_order", "namespace_name" => "ecommerce", "version" => "1.0.0", "task_handler_class" => "OrderHandler",
        "step_templates" => [
          {"name" => "validate", "handler" => "ValidateHandler", "dependent_system" => "unknown", "default_retryable" => true,
           "default_retry_limit" => 3, "skippable" => false},
          {"name" => "charge", "handler" => "ChargeHandler", "dependent_system" => "unknown", "depends_on_step" => "validate",
           "default_retryable" => true, "default_retry_limit" => 5, "skippable" => false}
        ]
      })
    end

    it "is registered with a client once" do
      order_handler
      2.times { Tasker.templates.register_all(client) }
      expect(client.registered).to eq([OrderHandler.new.template])
    end

    it "has the schema of the class, private or not" do
      order_handler { private def schema = {type: "object", required: ["order_id"]} }
      expect(OrderHandler.new.template["schema"]).to eq({type: "object", required: ["order_id"]})
    end

    it "has the steps of a method of the class" do
      own = Tasker::Types::StepTemplate.new(name: "own", handler_class: "ShipHandler")
      order_handler { define_method(:step_templates) { [own] } }
      Tasker.templates.register_all(client)
      expect(client.registered.first["step_templates"].map { |step| step["name"] }).to eq(["own"])
      expect(Tasker.handlers.names).to include("ShipHandler")
    end

    it "knows a handler without a name by the step's" do
      order_handler.define_step_templates do |templates|
        templates.define(name: "charge", handler_class: Class.new(Tasker::StepHandler::Base) { def process(*) = {anonymous: true} })
      end
      Tasker.templates.register_all(client)
      expect(client.registered.first["step_templates"].first["handler"]).to eq("ecommerce.process_order.charge")
      expect(Tasker.handlers["ecommerce.process_order.charge"].call(Unit.step)).to eq({"anonymous" => true})
    end

    it "needs a registration" do
      handler = stub_const("Unregistered", Class.new { include Tasker::TaskHandler })
      expect { handler.new.template }.to raise_error(
        Tasker::ProceduralError, "Unregistered is registered under no name: call register_handler in the class"
      )
    end

    it "has the name that the handler was looked up by" do
      order_handler.register_handler("other_order", namespace_name: "shop", version: "2.0.0")
      handler = factory.get("process_order", namespace_name: "ecommerce")
      expect(handler.template).to include("name" => "process_order", "version" => "1.0.0")
      expect(OrderHandler.new.template).to include("name" => "other_order", "version" => "2.0.0")
    end
  end

  describe "a configuration object of the application's own" do
    it "is what the handler gets, and never leaves the process" do
      object = Struct.new(:currency).new("EUR")
      order_handler.define_step_templates { |t| t.define(name: "charge", handler_class: ChargeHandler, handler_config: object) }
      expect(OrderHandler.new.template["step_templates"].first).not_to have_key("handler_config")
      expect(Tasker.handlers["ChargeHandler"].call(Unit.step(step_name: "charge"))).to eq({"config" => object.to_s})
    end

    it "is not what another task's steps get" do
      order_handler.define_step_templates { |t| t.define(name: "charge", handler_class: ChargeHandler, handler_config: Object.new) }
      expect(Tasker.handlers["ChargeHandler"].call(Unit.step(task_name: "other"))).to eq({"config" => ""})
    end
  end

  describe "#initialize_task!" do
    let(:request) { {name: "process_order", namespace: "ecommerce", context: {order_id: 7}} }

    it "creates a task" do
      task = order_handler.new.initialize_task!(Tasker::Types::TaskRequest.new(**request))
      expect(task.task_id).to eq("task-1")
      expect(client.requests).to match([a_hash_including(name: "process_order", namespace: "ecommerce", context: {order_id: 7})])
    end

    it "means the version of the handler that was looked up" do
      order_handler
      factory.get("process_order", namespace_name: "ecommerce").initialize_task!(request)
      factory.get("process_order", namespace_name: "ecommerce").initialize_task!(request.merge(version: "3.0.0"))
      factory.get("process_order", namespace_name: "ecommerce").initialize_task!(request.merge(name: "other"))
      expect(client.requests.map { |sent| sent[:version] }).to eq(["1.0.0", "3.0.0", nil])
    end

    it "gives requests the key of the application's strategy" do
      stub_const("OncePerOrder", Class.new { def generate_identity_hash(_task, options) = "order-#{options[:context][:order_id]}" })
      Tasker.configure { |config| config.engine.assign(identity_strategy: :custom, identity_strategy_class: "OncePerOrder") }
      order_handler.new.initialize_task!(request)
      expect(client.requests.first[:idempotency_key]).to eq("order-7")
    end

    it "creates nothing where the handler's own check finds something, and says what" do
      order_handler { private def validate_context(context) = context[:order_id] == 7 ? ["no sevens"] : [] }
      expect { OrderHandler.new.initialize_task!(request) }.to raise_error(Tasker::InvalidContextError) { |error|
        expect(error.message).to eq("the context of ecommerce.process_order is refused: no sevens")
        expect(error.details).to eq({"problems" => ["no sevens"]})
      }
      expect(client.requests).to be_empty
    end

    it "raises what the engine says against a context, where there is no ActiveRecord" do
      client.refuse("process_order", Tasker::InvalidContextError.new("no"))
      expect { order_handler.new.initialize_task!(request) }.to raise_error(Tasker::InvalidContextError, "no")
    end
  end

  describe "#handle" do
    let(:run) { Tasker::Running::Run.new(task_id: "t", status: "complete", executed: ["charge"], next_ready_at: nil) }

    it "runs a task by its id, or by itself" do
      allow(Tasker::Running).to receive(:run_task).and_return(run)
      expect(order_handler.new.handle("t")).to be(run)
      expect(OrderHandler.new.handle(double("task", task_id: "t"), wait: true)).to be(run)
      expect(Tasker::Running).to have_received(:run_task).with("t", wait: false, annotate: false)
      expect(Tasker::Running).to have_received(:run_task).with("t", wait: true, annotate: false)
    end
  end

  describe "#start_task" do
    it "refuses what has begun, in the ancestor's words" do
      handler = order_handler.new
      expect(handler.start_task(double(task_id: "t", complete: false, status: "pending"))).to be(true)
      expect { handler.start_task(double(task_id: "t", complete: true)) }
        .to raise_error(Tasker::ProceduralError, "task already complete for task t")
      expect { handler.start_task(double(task_id: "t", complete: false, status: "error")) }
        .to raise_error(Tasker::ProceduralError, "task is not pending for task t, status is error")
    end
  end
end
