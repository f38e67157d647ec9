# frozen_string_literal: true

module TeamRefunds
  module Payments
    # Tells the customer when the money comes.
    class NotifyCustomer < Tasker::StepHandler::Base
      def process(task, sequence, step)
        refund = sequence.find_step_by_name("process_gateway_refund").results
        message = TeamRefunds.services.mailer.deliver(
          "#{task.task_id}/#{step.name}",
          to: task.context[:customer_email],
          text: "#{format("%.2f", refund[:amount_cents] / 100r)} are on their way; it takes #{refund[:arrives_in_days]} days."
        )
        {message_id: message[:id]}
      end
    end
  end
end
