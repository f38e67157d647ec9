# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::IdentityStrategy do
  let(:requested_at) { Time.utc(2026, 11, 27, 12, 30, 59) }
  let(:request) { Tasker::Types::TaskRequest.new(name: "order", context: {id: 7}, requested_at:) }

  def use(strategy_class)
    Tasker.configure do |config|
      config.engine.identity_strategy = :custom
      config.engine.identity_strategy_class = strategy_class
    end
  end

  it "leaves a request alone where another strategy counts" do
    expect(described_class.complete(request)).to be(request)
  end

  context "with a strategy of the application's own" do
    before do
      stub_const("OncePerOrder", Class.new(described_class) do
        def generate_identity_hash(task, options) = "#{task.name}-#{options[:context][:id]}-#{options[:requested_at]}"
      end)
      use("OncePerOrder")
    end

    it "gives a request the key that the strategy makes of it, its time cut to the minute" do
      expect(described_class.complete(request).idempotency_key).to eq("order-7-2026-11-27 12:30")
    end

    it "does so for the arguments of a client, too" do
      completed = described_class.complete({name: "order", context: {id: 8}, requested_at: Time.utc(2026)})
      expect(completed).to include(name: "order", idempotency_key: "order-8-2026-01-01 00:00")
    end

    it "leaves a key that the caller gave" do
      with_key = request.with(idempotency_key: "mine")
      expect(described_class.complete(with_key)).to be(with_key)
    end

    it "refuses a strategy that gives no key" do
      stub_const("OncePerOrder", Class.new { def generate_identity_hash(*) = nil })
      expect { described_class.complete(request) }.to raise_error(
        Tasker::ConfigurationError, "OncePerOrder#generate_identity_hash must give a String that is not empty, not nil"
      )
    end

    it "names a class that is not there" do
      use("NotThere")
      expect { described_class.complete(request) }
        .to raise_error(Tasker::ConfigurationError, /Invalid identity_strategy_class.*NotThere/)
    end
  end

  it "has strategies to inherit from" do
    expect(Tasker.configuration.engine.identity_strategy_instance.generate_identity_hash(nil, {})).to match(/\A\h{8}-/)
    Tasker.configure { |config| config.engine.identity_strategy = :hash }
    hash = Tasker.configuration.engine.identity_strategy_instance
    expect(hash.generate_identity_hash(nil, {a: {x: 1, y: 2}})).to eq(hash.generate_identity_hash(nil, {a: {y: 2, x: 1}}))
    expect(hash.generate_identity_hash(nil, {a: 1})).not_to eq(hash.generate_identity_hash(nil, {a: 2}))
  end
end
