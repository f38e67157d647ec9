# frozen_string_literal: true

module TeamRefunds
  module CustomerSuccess
    # What the customer's tier entitles to.
    class CheckRefundPolicy < Tasker::StepHandler::Base
      def process(task, sequence, _step)
        request = sequence.find_step_by_name("validate_refund_request").results
        policy = config[:policies].fetch(request[:tier])
        days = (Date.today - Date.iso8601(request[:bought_on])).to_i
        if days > policy[:days]
          raise Tasker::PermanentError.new(
            "a refund was possible for #{policy[:days]} days, and #{days} have passed", error_code: "REFUND_OUTSIDE_POLICY"
          )
        end

        {policy: request[:tier], approval_needed: task.context[:refund_amount_cents] > policy[:without_manager_up_to_cents]}
      end
    end
  end
end
