# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::StepHandler do
  let(:step) { Unit.step(context: {order_id: 7}, config: {currency: "EUR"}) }

  def handler(name, superclass = Object, &) = stub_const(name, Class.new(superclass, &))

  describe ".invoke" do
    it "gives what process returns" do
      handler("ChargeHandler", described_class::Base) { def process(task, _sequence, _step) = {order: task.context[:order_id]} }
      expect(described_class.invoke("ChargeHandler", step)).to eq({"order" => 7})
    end

    it "gives what process assigned, whatever it returned" do
      handler("ChargeHandler", described_class::Base) do
        def process(_task, _sequence, step)
          step.results = {assigned: true}
          {returned: true}
        end
      end
      expect(described_class.invoke("ChargeHandler", step)).to eq({"assigned" => true})
    end

    it "looks the class up at each attempt" do
      handler("ChargeHandler", described_class::Base) { def process(*) = {version: 1} }
      callable = described_class::ByName.new("ChargeHandler")
      expect(callable.call(Unit.step)).to eq({"version" => 1})
      handler("ChargeHandler", described_class::Base) { def process(*) = {version: 2} }
      expect(callable.call(Unit.step)).to eq({"version" => 2})
    end

    it "names a class that is not there" do
      expect { described_class.invoke("Not::There", step) }.to raise_error(NameError, /Not/)
    end

    it "makes an instance for each attempt" do
      instances = []
      handler("ChargeHandler", described_class::Base) { define_method(:process) { |*| instances << self } }
      2.times { described_class.invoke("ChargeHandler", Unit.step) }
      expect(instances.uniq(&:object_id).size).to eq(2)
    end

    it "takes a plain class with handle, whose results are what it assigns" do
      handler("Plain") { def handle(_task, _sequence, step) = step.results = {done: true} }
      expect(described_class.invoke("Plain", step)).to eq({"done" => true})
    end

    it "takes no last line of handle for results, unless it looks like some" do
      handler("Plain") { def handle(*) = Object.new }
      expect(described_class.invoke("Plain", step)).to be_nil
      handler("Plain") { def handle(*) = {done: true} }
      expect(described_class.invoke("Plain", step)).to eq({done: true})
    end

    it "takes a plain class with process" do
      handler("Plain") { def process(task, _sequence, _step) = task.context[:order_id] }
      expect(described_class.invoke("Plain", step)).to eq(7)
    end

    it "takes an object that handles" do
      stub_const("Plain", Object.new.tap { |plain| def plain.handle(*) = {done: true} })
      expect(described_class.invoke("Plain", step)).to eq({done: true})
    end

    it "refuses a class that is no handler" do
      handler("Plain")
      expect { described_class.invoke("Plain", step) }.to raise_error(Tasker::ProceduralError, /Plain is no step handler/)
    end

    it "lets what a handler raises through" do
      handler("ChargeHandler", described_class::Base) { def process(*) = raise(Tasker::PermanentError, "no") }
      expect { described_class.invoke("ChargeHandler", step) }.to raise_error(Tasker::PermanentError, "no")
    end

    it "says what is missing of a handler without process" do
      handler("ChargeHandler", described_class::Base)
      expect { described_class.invoke("ChargeHandler", step) }
        .to raise_error(NotImplementedError, /ChargeHandler must have process/)
    end
  end

  describe "the configuration" do
    it "is that of the template" do
      handler("ChargeHandler", described_class::Base) { def process(*) = {currency: config[:currency], same: config["currency"]} }
      expect(described_class.invoke("ChargeHandler", step)).to eq({"currency" => "EUR", "same" => "EUR"})
    end

    it "is nil where the template has none" do
      handler("ChargeHandler", described_class::Base) { def process(*) = {config:} }
      expect(described_class.invoke("ChargeHandler", Unit.step)).to eq({"config" => nil})
    end

    it "is not forced upon a class that takes none" do
      handler("ChargeHandler", described_class::Base) do
        def initialize = super(config: :own)

        def process(*) = {config: config.to_s}
      end
      expect(described_class.invoke("ChargeHandler", step)).to eq({"config" => "own"})
    end

    it "does not replace a default of the class where the template has none" do
      handler("ChargeHandler", described_class::Base) do
        def initialize(config: :own) = super

        def process(*) = {config: config.to_s}
      end
      expect(described_class.invoke("ChargeHandler", Unit.step)).to eq({"config" => "own"})
    end

    it "is given to a class that cannot do without" do
      handler("ChargeHandler") do
        def initialize(config:) = @config = config

        def process(*) = {config: @config}
      end
      expect(described_class.invoke("ChargeHandler", Unit.step)).to eq({config: nil})
    end

    it "is an Api::Config for `type: api`, whatever the class" do
      handler("ChargeHandler", described_class::Base) { def process(*) = {url: config.url} }
      step = Unit.step(config: {type: "api", url: "https://example.org"})
      expect(described_class.invoke("ChargeHandler", step)).to eq({"url" => "https://example.org"})
    end
  end

  describe ".register" do
    it "registers a class by its name, once" do
      described_class.register("ChargeHandler")
      described_class.register("ChargeHandler")
      expect(Tasker.handlers.names).to eq(["ChargeHandler"])
      expect(Tasker.handlers["ChargeHandler"].inspect).to eq("#<Tasker::StepHandler::ByName ChargeHandler>")
    end

    it "leaves a handler that was registered under that name" do
      Tasker.handler("ChargeHandler") { :mine }
      described_class.register("ChargeHandler")
      expect(Tasker.handlers["ChargeHandler"].call(nil)).to eq(:mine)
    end
  end
end
