# frozen_string_literal: true

require_relative "story_helper"
require_relative "customer_analytics/customer_analytics_handler"

RSpec.describe "The story of customer analytics" do
  let(:services) { CustomerAnalytics.services }
  let(:january) { {start_date: "2024-01-01", end_date: "2024-01-31"} }

  before do
    CustomerAnalytics::CustomerAnalyticsHandler.new
    services.reset
  end

  def analyse(**context) = run_task_workflow("customer_analytics", namespace: "analytics", context:)

  it "extracts three things, transforms them twice, and tells the teams what is in them" do
    result = analyse(date_range: january)
    expect(result).to complete_workflow
    expect(result).to have_completed_step("extract_orders").with_results_including(record_count: 4, from: "2024-01-01")
    expect(result).to have_completed_step("transform_customer_metrics")
      .with_results_including(by_segment: {platinum: 1, gold: 1, silver: 1})
    expect(result).to have_completed_step("transform_product_metrics")
      .with_results_including(total_revenue_cents: 40_000 + 22_500 + 25_000)
    expect(result).to have_completed_step("generate_insights").with_results(
      headline: "875.00 USD from 3 customers",
      best_customers: %w[Ada Edsger],
      recommendations: ["Reorder Espresso machine", "Promote Milk jug", "Write to 1 silver customer"]
    )
    expect(services.dashboard.panels.values).to contain_exactly(a_hash_including("headline" => "875.00 USD from 3 customers"))
    expect(services.notifier.told.keys.map(&:last)).to eq(["analytics@example.com"])
  end

  it "runs each step after those that it needs, and reads orders page by page" do
    result = analyse(date_range: january)
    order = result.executed_steps
    expect(order.first(3)).to contain_exactly("extract_orders", "extract_users", "extract_products")
    expect(order.last(3)).to eq(%w[generate_insights update_dashboard send_notifications])
    expect(services.warehouse.calls(:orders).map { |call| call[:after] }).to eq([0, 2, 4])
  end

  describe "a range that cannot be looked at" do
    it "is a missing one" do
      expect(analyse).to have_failed_step("extract_orders").with_error_code("MISSING_DATE_RANGE").after_attempts(1)
      expect(analyse(date_range: {start_date: "2024-01-01"}))
        .to have_failed_step("extract_orders").with_error_code("MISSING_DATE_RANGE")
    end

    [%w[2024-02-01 2024-01-01], %w[2024-01-01 2024-13-01], %w[yesterday today]].each do |start_date, end_date|
      it "is #{start_date} to #{end_date}" do
        result = analyse(date_range: {start_date:, end_date:})
        expect(result).to have_failed_step("extract_orders").with_error_code("INVALID_EXTRACTION_QUERY").after_attempts(1)
      end
    end

    it "is one that the warehouse refuses" do
      services.warehouse.fail_next(:orders, CustomerAnalytics::DataWarehouse::QueryRefused.new("no such partition"))
      expect(analyse(date_range: january))
        .to have_failed_step("extract_orders").with_error_code("INVALID_EXTRACTION_QUERY").with_error("no such partition")
    end
  end

  it "runs independent branches to their end when one extract has failed for good" do
    fail_step_permanently("extract_users", with: "the CRM was sold", error_code: "CRM_GONE")
    result = analyse(date_range: january)
    expect(result).to fail_workflow.at_step("extract_users")
    expect(result).to have_completed_step("transform_product_metrics")
    expect(result).to have_step_status("transform_customer_metrics", "pending")
    expect(result).to have_step_status("generate_insights", "pending")

    clear_step_failures
    workflow_test.retry_step(result, "extract_users", by: "ada", reason: "there is another CRM")
    expect(run_task_workflow(result)).to complete_workflow
    expect(services.warehouse.calls(:products).size).to eq(1)
  end

  it "waits as long as each service asks, the others meanwhile going on" do
    services.warehouse.fail_next(:products, CustomerAnalytics::DataWarehouse::Timeout.new)
    services.crm.fail_next(:users, CustomerAnalytics::Crm::RateLimited.new, times: 2)
    services.dashboard.fail_next(:publish, CustomerAnalytics::Dashboard::RateLimited.new)
    result = analyse(date_range: january)
    expect(result).to complete_workflow
    waits = result.timings.transform_values(&:waiting_seconds)
    expect(waits).to include("extract_products" => 30, "extract_users" => 120, "update_dashboard" => 60, "extract_orders" => 0)
    product, customer = result.timings.values_at("transform_product_metrics", "transform_customer_metrics")
    expect(customer.began_at - product.began_at).to eq(90)
  end

  it "gives up on a warehouse that times out again and again" do
    services.warehouse.fail_next(:orders, CustomerAnalytics::DataWarehouse::Timeout.new, times: 3)
    result = analyse(date_range: january)
    expect(result).to fail_workflow.at_step("extract_orders")
    expect(result).to have_failed_step("extract_orders").after_attempts(3).with_error("the warehouse took too long")
    expect(result.step("extract_orders").next_retry_at).to be_nil
  end

  it "tells nobody twice when an attempt fails half-way" do
    recipients = %w[ada@example.com grace@example.com edsger@example.com]
    services.notifier.fail_next(:tell, nil)
    services.notifier.fail_next(:tell, CustomerAnalytics::Notifier::Down.new("421"))
    result = analyse(date_range: january, recipients:)
    expect(result).to have_completed_step("send_notifications").after_attempts(2).with_results(notified: recipients, count: 3)
    expect(services.notifier.calls(:tell).map { |call| call[:recipient] }).to eq(
      %w[ada@example.com grace@example.com grace@example.com edsger@example.com]
    )
  end

  it "ends the same wherever its process dies" do
    crashes = crash_everywhere("customer_analytics", namespace: "analytics", context: {date_range: january}) do
      expect(services.notifier.calls(:tell).size).to eq(1)
    ensure
      services.reset
    end
    expect(crashes).to survive_crashes
    expect(crashes.variants.size).to eq(1 + 8 * 3)
  end
end
