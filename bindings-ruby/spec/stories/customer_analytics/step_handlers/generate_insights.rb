# frozen_string_literal: true

module CustomerAnalytics
  # What is worth telling.
  class GenerateInsights < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      customers = sequence.find_step_by_name("transform_customer_metrics").results
      products = sequence.find_step_by_name("transform_product_metrics").results
      {
        headline: headline(products[:total_revenue_cents], customers[:total_customers], task.context[:currency]),
        best_customers: customers[:customers].max_by(2) { |customer| customer[:value_cents] }.map { |one| one[:name] },
        recommendations: recommendations(customers, products[:products])
      }
    end

    private

    def headline(revenue_cents, customers, currency)
      "#{format("%.2f", revenue_cents / 100r)} #{currency} from #{customers} customers"
    end

    def recommendations(customers, products)
      reorder = products.select { |product| product[:running_out] }.map { |product| "Reorder #{product[:name]}" }
      unsold = products.select { |product| product[:units_sold].zero? }.map { |product| "Promote #{product[:name]}" }
      silver = customers[:by_segment].fetch("silver", 0)
      win_over = silver.positive? ? ["Write to #{silver} silver #{"customer".pluralize(silver)}"] : []
      reorder + unsold + win_over
    end
  end
end
