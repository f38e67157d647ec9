# frozen_string_literal: true

require_relative "validate_refund_request"
require_relative "check_refund_policy"
require_relative "get_manager_approval"
require_relative "execute_refund_workflow"
require_relative "update_ticket_status"

module TeamRefunds
  module CustomerSuccess
    # The customer success team's way to refund, as its YAML says.
    class ProcessRefundHandler < Tasker::ConfiguredTask
      def self.task_name = "process_refund"

      def self.yaml_path = File.expand_path("../config/customer_success_process_refund.yaml", __dir__)
    end
  end
end
