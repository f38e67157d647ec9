# frozen_string_literal: true

module TeamRefunds
  module CustomerSuccess
    # Looks whether the ticket is what it is said to be.
    class ValidateRefundRequest < Tasker::StepHandler::Base
      def process(task, _sequence, _step)
        ticket_id, customer_id = task.context.values_at(:ticket_id, :customer_id)
        ticket = TeamRefunds.services.help_desk.find(ticket_id)
        refuse("TICKET_NOT_FOUND", "there is no ticket #{ticket_id}") if ticket.nil?
        refuse("CUSTOMER_MISMATCH", "the ticket is not #{customer_id}'s") if ticket.customer_id != customer_id
        refuse("TICKET_CLOSED", "the ticket is closed") if ticket.status == "closed"
        {ticket_id: ticket.id, tier: ticket.tier, bought_on: ticket.bought_on}
      end

      private

      def refuse(error_code, message) = raise(Tasker::PermanentError.new(message, error_code:))
    end
  end
end
