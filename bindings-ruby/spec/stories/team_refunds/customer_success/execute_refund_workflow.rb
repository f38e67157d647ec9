# frozen_string_literal: true

module TeamRefunds
  module CustomerSuccess
    # Has the payments team carry it out: their workflow, over their service. Asking twice is asking once.
    class ExecuteRefundWorkflow < Tasker::StepHandler::Api
      def initialize(config: nil)
        super { |connection| connection.adapter(*TeamRefunds.adapter) }
      end

      def process(task, _sequence, step)
        connection.post("tasks", JSON.generate(request(task, step)))
      end

      def process_results(step, response, _initial_results)
        step.results = {payments_task_id: JSON.parse(response.body).fetch("task_id"), delegated: true}
      rescue JSON::ParserError, KeyError => e
        raise Tasker::PermanentError.new(
          "the payments team's service answered something unknown: #{e.message}", error_code: "RESULT_PROCESSING_FAILED"
        )
      end

      private

      def request(task, step)
        {
          name: "process_refund",
          namespace: "payments",
          version: "2.1.0",
          initiator: "customer_success",
          reason: task.context[:refund_reason],
          idempotency_key: "#{task.task_id}/#{step.name}",
          context: task.context.slice(:payment_id, :refund_amount_cents, :customer_email)
        }.compact
      end
    end
  end
end
