# frozen_string_literal: true

module OrderProcessing
  # Tells the customer.
  class SendConfirmation < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      order = sequence.find_step_by_name("create_order").results
      customer = task.context[:customer_info]
      message = OrderProcessing.services.mailer.deliver(
        "#{task.task_id}/send_confirmation",
        to: customer[:email],
        subject: "Your order #{order[:order_number]}",
        body: "#{greeting(customer)}\n\nWe have received your order over #{format("%.2f", order[:total_cents] / 100r)}."
      )
      {message_id: message[:id], recipient: message[:to]}
    rescue Mailer::Undeliverable => e
      raise Tasker::PermanentError.new(e.message, error_code: "INVALID_EMAIL")
    end

    private

    def greeting(customer)
      "#{(customer[:tier] == "premium") ? "Dear" : "Hello"} #{customer[:name] || "customer"},"
    end
  end
end
