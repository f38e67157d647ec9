# frozen_string_literal: true

module CustomerAnalytics
  # What each product earned, and how long it lasts.
  class TransformProductMetrics < Tasker::StepHandler::Base
    def process(_task, sequence, _step)
      lines = sequence.find_step_by_name("extract_orders").results[:orders].flat_map { |order| order[:lines] }
      sold = lines.group_by { |line| line[:product_id] }
      products = sequence.find_step_by_name("extract_products").results[:products]
      earned = products.map { |product| metrics(product, sold.fetch(product[:product_id], [])) }
        .sort_by { |product| -product[:revenue_cents] }
      {products: earned, total_revenue_cents: earned.sum { |product| product[:revenue_cents] }}
    end

    private

    def metrics(product, lines)
      units = lines.sum { |line| line[:quantity] }
      revenue_cents = lines.sum { |line| line[:quantity] * line[:unit_cents] }
      {
        product_id: product[:product_id],
        name: product[:name],
        units_sold: units,
        revenue_cents:,
        profit_cents: revenue_cents - units * product[:cost_cents],
        stock: product[:stock],
        running_out: units >= product[:stock] / 2r && units.positive?
      }
    end
  end
end
