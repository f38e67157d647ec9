# frozen_string_literal: true

module OrderProcessing
  # Writes the order down. What the order book says of it is more than the workflow needs.
  class CreateOrder < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      cart, payment, inventory = %w[validate_cart process_payment update_inventory].map do |name|
        sequence.find_step_by_name(name).results
      end
      OrderProcessing.services.orders.create(
        "#{task.task_id}/create_order",
        customer_email: task.context[:customer_info][:email],
        lines: cart[:validated_items],
        total_cents: cart[:total_cents],
        payment_id: payment[:payment_id],
        reservation_id: inventory[:reservation_id]
      )
    end

    def process_results(step, order, _initial_results)
      step.results = {order_number: order[:number], status: order[:status], total_cents: order[:total_cents]}
    end
  end
end
