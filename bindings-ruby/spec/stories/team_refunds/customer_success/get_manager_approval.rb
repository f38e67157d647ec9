# frozen_string_literal: true

module TeamRefunds
  module CustomerSuccess
    # Asks a manager where the policy wants one. It asks once: who has decided late has the step tried again.
    class GetManagerApproval < Tasker::StepHandler::Base
      def process(task, sequence, _step)
        return {approved: true, by: "policy"} unless sequence.find_step_by_name("check_refund_policy").results[:approval_needed]

        decision = TeamRefunds.services.managers.decision(task.context[:ticket_id])
        raise Tasker::RetryableError.new("no manager has decided yet", error_code: "APPROVAL_PENDING") if decision.nil?
        return {approved: true, by: decision[:by]} if decision[:decision] == "approved"

        raise Tasker::PermanentError.new("#{decision[:by]} said no", error_code: "APPROVAL_REJECTED")
      end
    end
  end
end
