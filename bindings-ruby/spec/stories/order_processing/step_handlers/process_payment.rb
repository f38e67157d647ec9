# frozen_string_literal: true

module OrderProcessing
  # Charges the customer, once: whoever charges again with the key of this step gets the charge that was made.
  class ProcessPayment < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      total_cents = sequence.find_step_by_name("validate_cart").results[:total_cents]
      payment = task.context[:payment_info]
      check_amount(payment[:amount_cents], total_cents)
      charge = charge(payment[:token], total_cents, task)
      {payment_id: charge[:id], amount_charged_cents: charge[:amount_cents], payment_status: charge[:status]}
    end

    private

    # What the customer agreed to is what is charged.
    def check_amount(agreed_cents, total_cents)
      return if agreed_cents == total_cents

      raise Tasker::PermanentError.new(
        "the customer agreed to #{agreed_cents} cents, and the cart is #{total_cents}",
        error_code: "PAYMENT_AMOUNT_MISMATCH",
        context: {agreed_cents:, total_cents:}
      )
    end

    def charge(token, amount_cents, task)
      OrderProcessing.services.payments.charge(token:, amount_cents:, idempotency_key: "#{task.task_id}/process_payment")
    rescue PaymentGateway::Declined => e
      raise Tasker::PermanentError.new(e.message, error_code: "PAYMENT_DECLINED")
    rescue PaymentGateway::InsufficientFunds => e
      raise Tasker::PermanentError.new(e.message, error_code: "INSUFFICIENT_FUNDS")
    rescue PaymentGateway::Busy
      raise Tasker::RetryableError.new("the payment gateway takes no more for now", retry_after: 30)
    end
  end
end
