# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::HandlerFactory do
  subject(:factory) { described_class.instance }

  let(:payments) { stub_const("PaymentsRefund", Class.new) }
  let(:support) { stub_const("SupportRefund", Class.new) }

  describe "#register" do
    it "keeps handlers by namespace, name and version" do
      factory.register("process_refund", payments, namespace_name: :payments, version: "2.1.0")
      factory.register(:process_refund, support, namespace_name: "customer_success", version: "1.3.0")
      expect(factory.handler_classes).to eq({
        payments: {process_refund: {"2.1.0" => payments}},
        customer_success: {process_refund: {"1.3.0" => support}}
      })
    end

    it "has the ancestor's defaults" do
      expect(factory.register("order", payments)).to be(true)
      expect(factory.handler_classes).to eq({default: {order: {"0.1.0" => payments}}})
    end

    it "refuses a second one, unless it is to replace the first" do
      factory.register("order", payments)
      expect { factory.register("order", support) }.to raise_error(
        ArgumentError, "Handler 'order' already registered in namespace 'default' version '0.1.0'. Use replace: true to override."
      )
      factory.register("order", support, replace: true)
      expect(factory.get("order")).to be_a(support)
    end

    it "leaves nothing behind where a class cannot say its events" do
      broken = Class.new { def self.custom_event_configuration = raise("broken") }
      expect { factory.register("order", broken) }.to raise_error("broken")
      expect(factory.handler_classes).to eq({})
      expect(Tasker.templates).to be_empty
    end

    it "needs a name and a class" do
      expect { factory.register("", payments) }.to raise_error(ArgumentError, "Name cannot be blank")
      expect { factory.register("order", nil) }.to raise_error(ArgumentError, "Entity class cannot be nil")
    end
  end

  describe "#get" do
    it "gives a new instance each time" do
      factory.register("order", payments)
      expect(factory.get("order")).to be_a(payments)
      expect(factory.get("order")).not_to be(factory.get("order"))
    end

    it "gives the latest version by its numbers where none is asked for" do
      versions = %w[2.0.0 10.0.0 9.9.9 10.0.0-beta].to_h { |version| [version, Class.new] }
      versions.each { |version, handler| factory.register("order", handler, version:) }
      expect(factory.get("order")).to be_a(versions["10.0.0"])
      expect(factory.get("order", version: "2.0.0")).to be_a(versions["2.0.0"])
    end

    it "says which one is not there" do
      factory.register("order", payments)
      {
        {} => "No task handler for refund",
        {namespace_name: :payments} => "No task handler for refund in namespace payments",
        {namespace_name: "payments", version: "0.1.0"} => "No task handler for refund in namespace payments and version 0.1.0"
      }.each { |where, message| expect { factory.get("refund", **where) }.to raise_error(Tasker::ProceduralError, message) }
      expect { factory.get("order", version: "3.0.0") }.to raise_error(Tasker::ProceduralError, "No task handler for order")
    end

    it "looks a class up that was registered by its name" do
      factory.register("order", "PaymentsRefund")
      expect { factory.get("order") }.to raise_error(Tasker::ProceduralError, /\AFailed to instantiate handler: uninitialized/)
      payments
      expect(factory.get("order")).to be_a(payments)
    end

    it "uses a class that was loaded again" do
      stub_const("OrderHandler", Class.new { include Tasker::TaskHandler })
      factory.register("order", OrderHandler)
      stub_const("OrderHandler", Class.new { include Tasker::TaskHandler })
      expect(factory.get("order")).to be_an_instance_of(OrderHandler)
    end

    it "takes no stranger for a class that only has its name" do
      named = Class.new { def self.name = "String" }
      factory.register("order", named)
      expect(factory.get("order")).to be_a(named)
    end
  end

  it "lists handlers" do
    factory.register("order", payments)
    factory.register("refund", support, namespace_name: :payments)
    expect(factory.list_handlers).to eq(factory.handler_classes)
    expect(factory.list_handlers(namespace: "payments")).to eq({refund: {"0.1.0" => support}})
    expect(factory.list_handlers(namespace: :other)).to eq({})
    expect(factory.registered_namespaces).to eq(%i[default payments])
  end

  it "counts" do
    factory.register("order", payments, namespace_name: :shop, version: "1.0.0")
    factory.register("order", payments, namespace_name: :shop, version: "1.10.0")
    factory.register("refund", support, namespace_name: :shop, version: "1.9.0")
    expect(factory.stats).to include(
      total_namespaces: 2, total_handlers: 3, handlers_by_namespace: {shop: 3},
      versions_by_namespace: {shop: %w[1.0.0 1.9.0 1.10.0]}, registry_name: "handler_factory"
    )
    expect(factory.health_check).to include(healthy: true, registry_name: "handler_factory")
  end

  it "gives out what nobody can change" do
    factory.register("order", payments)
    expect([factory.handler_classes, *factory.handler_classes.values, *factory.handler_classes[:default].values]).to all(be_frozen)
  end

  it "loses none of what many threads register" do
    threads = Array.new(8) { |thread| Thread.new { 50.times { |n| factory.register("task_#{thread}_#{n}", payments) } } }
    threads.each(&:join)
    expect(factory.stats[:total_handlers]).to eq(400)
  end

  it "forgets handlers and their templates" do
    factory.register("order", payments)
    expect(factory.clear!).to be(true)
    expect([factory.handler_classes, Tasker.templates.size]).to eq([{}, 0])
  end
end
