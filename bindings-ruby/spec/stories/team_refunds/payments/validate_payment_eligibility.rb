# frozen_string_literal: true

module TeamRefunds
  module Payments
    # Looks whether there is something to give back, and whether it may be.
    class ValidatePaymentEligibility < Tasker::StepHandler::Base
      WINDOW_DAYS = 180

      def process(task, _sequence, _step)
        payment = TeamRefunds.services.ledger.find(task.context[:payment_id])
        refuse("PAYMENT_NOT_FOUND", "there is no payment #{task.context[:payment_id]}") if payment.nil?
        wait_for_settlement(payment)
        check(payment, task.context[:refund_amount_cents])
        {payment_id: payment.id, refundable_cents: payment.amount_cents - payment.refunded_cents}
      end

      private

      def wait_for_settlement(payment)
        return unless payment.status == "pending"

        raise Tasker::RetryableError.new("the payment is not settled yet", retry_after: 300, error_code: "PAYMENT_PENDING")
      end

      def check(payment, amount_cents)
        refuse("PAYMENT_NOT_REFUNDABLE", "the payment is #{payment.status}") unless payment.status == "settled"
        days = (Date.today - payment.settled_on).to_i
        refuse("REFUND_WINDOW_EXPIRED", "it was settled #{days} days ago") if days > WINDOW_DAYS
        left_cents = payment.amount_cents - payment.refunded_cents
        return if amount_cents.between?(1, left_cents)

        refuse("INVALID_REFUND_AMOUNT", "#{amount_cents} cents are not among the #{left_cents} that are left")
      end

      def refuse(error_code, message) = raise(Tasker::PermanentError.new(message, error_code:))
    end
  end
end
