# frozen_string_literal: true

require_relative "validate_payment_eligibility"
require_relative "process_gateway_refund"
require_relative "update_payment_records"
require_relative "notify_customer"

module TeamRefunds
  module Payments
    # The payments team's way to refund, written in Ruby.
    class ProcessRefundHandler
      include Tasker::TaskHandler

      register_handler "process_refund", namespace_name: "payments", version: "2.1.0"

      define_step_templates do |templates|
        templates.define(
          name: "validate_payment_eligibility",
          description: "Looks whether there is something to give back, and whether it may be",
          dependent_system: "ledger",
          handler_class: ValidatePaymentEligibility,
          default_retry_limit: 3
        )
        templates.define(
          name: "process_gateway_refund",
          description: "Gives the money back",
          dependent_system: "gateway",
          depends_on_step: "validate_payment_eligibility",
          handler_class: ProcessGatewayRefund,
          default_retry_limit: 2
        )
        templates.define(
          name: "update_payment_records",
          dependent_system: "ledger",
          depends_on_step: "process_gateway_refund",
          handler_class: UpdatePaymentRecords,
          default_retry_limit: 3
        )
        templates.define(
          name: "notify_customer",
          dependent_system: "mail",
          depends_on_step: "update_payment_records",
          handler_class: NotifyCustomer,
          default_retry_limit: 5
        )
      end

      def schema
        {
          type: "object",
          required: %w[payment_id refund_amount_cents customer_email],
          properties: {
            payment_id: {type: "string"},
            refund_amount_cents: {type: "integer"},
            customer_email: {type: "string"},
            refund_reason: {type: "string", default: "customer_request"}
          }
        }
      end
    end
  end
end
