# frozen_string_literal: true

module TeamRefunds
  module Payments
    # Gives the money back, once.
    class ProcessGatewayRefund < Tasker::StepHandler::Base
      def process(task, sequence, step)
        refund = TeamRefunds.services.gateway.refund(
          "#{task.task_id}/#{step.name}",
          payment_id: sequence.find_step_by_name("validate_payment_eligibility").results[:payment_id],
          amount_cents: task.context[:refund_amount_cents]
        )
        {refund_id: refund[:id], amount_cents: refund[:amount_cents], arrives_in_days: refund[:arrives_in_days]}
      rescue RefundGateway::Busy
        raise Tasker::RetryableError.new("the gateway takes no more for now", retry_after: 30)
      rescue RefundGateway::Rejected => e
        raise Tasker::PermanentError.new(e.message, error_code: "REFUND_REJECTED")
      end
    end
  end
end
