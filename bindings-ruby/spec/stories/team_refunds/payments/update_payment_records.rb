# frozen_string_literal: true

module TeamRefunds
  module Payments
    # Writes the refund down.
    class UpdatePaymentRecords < Tasker::StepHandler::Base
      def process(task, sequence, step)
        refund = sequence.find_step_by_name("process_gateway_refund").results
        step.results = TeamRefunds.services.ledger.record_refund(
          "#{task.task_id}/#{step.name}",
          payment_id: task.context[:payment_id],
          amount_cents: refund[:amount_cents],
          refund_id: refund[:refund_id]
        )
      end
    end
  end
end
