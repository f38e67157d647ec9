# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Types::TaskRequest do
  it "needs a name and a context" do
    expect { described_class.new(name: "order") }.to raise_error(ArgumentError, /needs 'context'/)
    expect { described_class.new(context: {}) }.to raise_error(ArgumentError, /needs 'name'/)
  end

  it "has the ancestor's defaults, but the latest version" do
    request = described_class.new(name: "order", context: {})
    expect(request.to_h).to include(
      namespace: "default", version: nil, status: "pending", initiator: "unknown", source_system: "unknown", reason: "unknown",
      complete: false, tags: [], bypass_steps: []
    )
    expect(request.requested_at).to be_within(5).of(Time.now)
  end

  it "says to the engine what was said, and leaves the time to the database where none was" do
    request = described_class.new(name: "order", namespace: "shop", context: {id: 7}, tags: %w[a])
    expect(request.creation_arguments).to eq({
      namespace: "shop", context: {id: 7}, initiator: "unknown", source_system: "unknown", reason: "unknown", tags: ["a"],
      bypass_steps: []
    })
  end

  it "passes what the engine knows besides" do
    request = described_class.new(
      name: "order", context: {}, version: "2.0.0", priority: 1, idempotency_key: "k", idempotency_ttl_seconds: 60,
      on_duplicate: "reject", requested_at: Time.utc(2026)
    )
    expect(request.creation_arguments).to include(
      version: "2.0.0", priority: 1, idempotency_key: "k", idempotency_ttl_seconds: 60, on_duplicate: :reject,
      requested_at: Time.utc(2026)
    )
  end

  it "never passes how far the task is" do
    request = described_class.new(name: "order", context: {}, status: "complete", complete: true)
    expect(request.creation_arguments.keys).not_to include(:status, :complete)
  end

  it "is made of a Hash where one comes" do
    request = described_class.from({"name" => "order", "context" => {"id" => 7}})
    expect(request.context).to eq({"id" => 7})
    expect(described_class.from(request)).to be(request)
  end

  it "refuses a context that is no Hash" do
    expect { described_class.new(name: "order", context: [1]) }.to raise_error(TypeError, /context must be a Hash/)
  end
end
