# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Registry::StatisticsCollector do
  let(:factory) { Tasker::HandlerFactory.instance }

  def register(count, namespace)
    count.times { |number| factory.register("task_#{number}", Class.new, namespace_name: namespace) }
  end

  def usage = described_class.collect_registry_stats(factory)[:usage_patterns]

  it "tells how full a registry is" do
    {0 => "empty", 1 => "low", 5 => "low", 6 => "medium", 20 => "medium", 21 => "high", 50 => "high", 51 => "very_high"}
      .each do |count, utilization|
        factory.clear!
        register(count, "shop")
        expect(usage[:utilization]).to eq(utilization)
      end
  end

  it "tells whether namespaces are evenly filled, and scores it" do
    register(3, "shop")
    expect(usage).to include(distribution: "single", efficiency_score: 0.5)
    register(3, "bank")
    expect(usage).to include(distribution: "even", efficiency_score: 0.9)
    register(30, "mail")
    expect(usage).to include(distribution: "skewed", efficiency_score: 0.7)
  end

  it "collects and adds up" do
    register(2, "shop")
    stats = described_class.collect_all_registry_stats
    expect(stats[:registries]).to have_key("handler_factory")
    expect(stats[:aggregated]).to include(total_registered_items: 2, overall_health_percentage: 100.0, registry_count: 1)
  end

  it "tells whether registries are healthy" do
    expect(described_class.health_summary).to include(overall_healthy: true, registry_count: 1, healthy_registries: 1)
  end

  it "finds registries" do
    expect(described_class.find_registries(name_pattern: "factory")).to eq([factory])
    expect(described_class.find_registries(min_items: 1)).to eq([])
    expect(described_class.find_registries(health_status: :unhealthy)).to eq([])
  end
end
