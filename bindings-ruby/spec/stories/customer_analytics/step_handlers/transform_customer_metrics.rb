# frozen_string_literal: true

module CustomerAnalytics
  # What each customer is worth, and the segment that makes of him.
  class TransformCustomerMetrics < Tasker::StepHandler::Base
    def process(_task, sequence, _step)
      orders = sequence.find_step_by_name("extract_orders").results[:orders].group_by { |order| order[:user_id] }
      users = sequence.find_step_by_name("extract_users").results[:users]
      customers = users.map { |user| metrics(user, orders.fetch(user[:user_id], [])) }
      {customers:, by_segment: customers.map { |customer| customer[:segment] }.tally, total_customers: customers.size}
    end

    private

    def metrics(user, orders)
      value_cents = orders.sum { |order| order[:lines].sum { |line| line[:quantity] * line[:unit_cents] } }
      {
        user_id: user[:user_id],
        name: user[:name],
        order_count: orders.size,
        value_cents:,
        average_cents: orders.empty? ? 0 : value_cents / orders.size,
        segment: segment(value_cents)
      }
    end

    # The first that the value reaches, the highest first.
    def segment(value_cents)
      config[:segments].sort_by { |_, from_cents| -from_cents }.find { |_, from_cents| value_cents >= from_cents }.first
    end
  end
end
