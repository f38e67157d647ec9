# frozen_string_literal: true

module TeamRefunds
  module CustomerSuccess
    # Closes the ticket, with a note on who has it now.
    class UpdateTicketStatus < Tasker::StepHandler::Base
      def process(task, sequence, _step)
        payments_task_id = sequence.find_step_by_name("execute_refund_workflow").results[:payments_task_id]
        approval = sequence.find_step_by_name("get_manager_approval").results
        ticket = TeamRefunds.services.help_desk.close(
          task.context[:ticket_id], "approved by #{approval[:by]}, refund in task #{payments_task_id}"
        )
        {ticket_id: ticket.id, ticket_status: ticket.status}
      end
    end
  end
end
