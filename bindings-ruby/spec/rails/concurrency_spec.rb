# frozen_string_literal: true

require "active_record"
require "tasker/concurrency"

RSpec.describe Tasker::Concurrency do
  before { allow(ActiveRecord::Base).to receive(:connection_pool).and_return(instance_double(pool_class, size:)) }

  let(:pool_class) { ActiveRecord::ConnectionAdapters::ConnectionPool }
  let(:size) { 10 }
  let(:log) { StringIO.new }

  around do |example|
    before, Tasker.logger = Tasker.logger, Logger.new(log)
    example.run
  ensure
    Tasker.logger = before
  end

  it "is what is wanted where the pool is large enough" do
    expect(described_class.fit(10)).to eq(10)
    expect(log.string).to be_empty
  end

  it "is lowered to the pool, with a warning that says what to do" do
    expect(described_class.fit(20)).to eq(10)
    expect(log.string).to include("10 handlers run at once and not 20", "raise `pool`")
  end

  it "leaves connections to the other threads of the process, and itself one" do
    expect(described_class.fit(20, beside: 3)).to eq(7)
    expect(described_class.fit(20, beside: 10)).to eq(1)
    expect(log.string).to include("3 other threads")
  end

  it "is the configuration's where nothing is wanted" do
    allow(Tasker).to receive(:configuration).and_return(
      Tasker::Configuration.new(execution: Tasker::Types::ExecutionConfig.new(max_concurrent_steps_limit: 4))
    )
    expect(described_class.fit).to eq(4)
  end

  it "is lowered without a word where nobody wanted anything" do
    expect(described_class.fit(beside: 8)).to eq(2)
    expect(log.string).to be_empty
  end

  context "without a database" do
    before { allow(ActiveRecord::Base).to receive(:connection_pool).and_raise(ActiveRecord::ConnectionNotEstablished) }

    it "is what is wanted" do
      expect(described_class.fit(100)).to eq(100)
    end
  end
end
