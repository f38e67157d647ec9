# frozen_string_literal: true

require "active_support/core_ext/numeric/time"
require "active_support/testing/time_helpers"
require_relative "story_helper"
require_relative "team_refunds/services"
require_relative "team_refunds/payments/process_refund_handler"
require_relative "team_refunds/customer_success/process_refund_handler"

RSpec.describe "The story of two teams that refund" do
  include ActiveSupport::Testing::TimeHelpers

  let(:services) { TeamRefunds.services }

  before do
    TeamRefunds::Payments::ProcessRefundHandler.register_handler("process_refund", namespace_name: "payments", version: "2.1.0")
    TeamRefunds::CustomerSuccess::ProcessRefundHandler.new
    services.reset
    travel_to Time.utc(2024, 5, 20, 9)
  end

  after { travel_back }

  describe "the payments team's" do
    let(:context) { {payment_id: "pay_settled", refund_amount_cents: 75_00, customer_email: "ada@example.com"} }

    def refund(**changes) = run_task_workflow("process_refund", namespace: "payments", context: context.merge(changes))

    it "gives the money back, writes it down and says so" do
      result = refund
      expect(result).to complete_workflow
      expect(result.task).to include(version: "2.1.0", namespace: "payments")
      expect(result.context).to include(refund_reason: "customer_request")
      expect(result).to have_completed_step("process_gateway_refund")
        .with_results(refund_id: "re_1", amount_cents: 75_00, arrives_in_days: 5)
      expect(services.ledger.find("pay_settled").refunded_cents).to eq(75_00)
      expect(services.mailer.sent.values).to contain_exactly(a_hash_including(text: /\A75\.00 are on their way/))
    end

    {
      "PAYMENT_NOT_FOUND" => {payment_id: "pay_unknown"},
      "PAYMENT_NOT_REFUNDABLE" => {payment_id: "pay_disputed"},
      "INVALID_REFUND_AMOUNT" => {payment_id: "pay_partly_refunded"}
    }.each do |code, changes|
      it "refuses with #{code}" do
        result = refund(**changes)
        expect(result).to fail_workflow.at_step("validate_payment_eligibility")
        expect(result).to have_failed_step("validate_payment_eligibility").with_error_code(code).after_attempts(1)
        expect(services.gateway.refunds).to be_empty
      end
    end

    it "refuses what was settled too long ago" do
      travel_to Time.utc(2024, 12, 24)
      expect(refund).to have_failed_step("validate_payment_eligibility").with_error_code("REFUND_WINDOW_EXPIRED")
    end

    it "waits until a payment is settled" do
      result = run_task_workflow_until_idle(
        "process_refund", namespace: "payments", context: {**context, payment_id: "pay_pending", refund_amount_cents: 80_00}
      )
      expect(result).to have_failed_step("validate_payment_eligibility").with_error_code("PAYMENT_PENDING")
      expect(result.next_due_at).to eq(Time.utc(2024, 5, 20, 9, 5))

      services.ledger.find("pay_pending").tap { |payment| payment.status, payment.settled_on = "settled", Date.today }
      expect(run_task_workflow_until_idle(result)).to have_step_status("process_gateway_refund", "pending")
      travel 5.minutes
      expect(run_task_workflow_until_idle(result)).to complete_workflow
    end

    it "comes back to a gateway that is busy, and takes its no for an answer" do
      services.gateway.fail_next(:refund, TeamRefunds::RefundGateway::Busy.new)
      expect(refund).to have_completed_step("process_gateway_refund").after_attempts(2)
      services.gateway.fail_next(:refund, TeamRefunds::RefundGateway::Rejected.new("the account is closed"))
      expect(refund(refund_amount_cents: 1_00)).to have_failed_step("process_gateway_refund")
        .with_error_code("REFUND_REJECTED").with_error("the account is closed").after_attempts(1)
    end

    it "gives up on a gateway that cannot be reached twice" do
      services.gateway.fail_next(:refund, TeamRefunds::RefundGateway::Unreachable.new("timeout"), times: 2)
      result = refund
      expect(result).to fail_workflow.at_step("process_gateway_refund")
      expect(result).to have_failed_step("process_gateway_refund").after_attempts(2)
    end
  end

  describe "the customer success team's" do
    let(:context) do
      {
        ticket_id: "TICKET-1",
        customer_id: "CUST-1",
        customer_email: "ada@example.com",
        payment_id: "pay_settled",
        refund_amount_cents: 120_00,
        refund_reason: "It broke after two weeks"
      }
    end

    def refund(**changes) = run_task_workflow("process_refund", namespace: "customer_success", context: context.merge(changes))

    it "decides, and has the payments team carry it out" do
      result = refund
      expect(result).to complete_workflow
      expect(result.task).to include(version: "1.3.0", namespace: "customer_success")
      expect(result).to have_completed_step("get_manager_approval").with_results(approved: true, by: "policy")

      payments_task_id = result.results("execute_refund_workflow")[:payments_task_id]
      expect(services.help_desk.find("TICKET-1").notes).to eq(["approved by policy, refund in task #{payments_task_id}"])
      payments = workflow_test.run_to_end(payments_task_id)
      expect(payments).to complete_workflow
      expect(payments.task).to include(initiator: "customer_success", reason: "It broke after two weeks", version: "2.1.0")
      expect(services.ledger.find("pay_settled").refunded_cents).to eq(120_00)
    end

    {
      "TICKET_NOT_FOUND" => {ticket_id: "TICKET-9"},
      "CUSTOMER_MISMATCH" => {customer_id: "CUST-2"},
      "TICKET_CLOSED" => {ticket_id: "TICKET-3"}
    }.each do |code, changes|
      it "refuses with #{code}" do
        result = refund(**changes)
        expect(result).to have_failed_step("validate_refund_request").with_error_code(code).after_attempts(1)
        expect(services.payments_api.calls(:create_task)).to be_empty
      end
    end

    it "refuses what is outside of the policy" do
      travel_to Time.utc(2024, 6, 15)
      expect(refund).to have_completed_step("check_refund_policy")
      expect(refund(ticket_id: "TICKET-2", customer_id: "CUST-2"))
        .to have_failed_step("check_refund_policy").with_error_code("REFUND_OUTSIDE_POLICY").after_attempts(1)
    end

    describe "where a manager has to decide" do
      def ask = refund(ticket_id: "TICKET-2", customer_id: "CUST-2")

      it "goes on when he has" do
        services.managers.decide("TICKET-2", "approved", by: "grace")
        expect(ask).to have_completed_step("get_manager_approval").with_results(approved: true, by: "grace")
      end

      it "ends when he has said no" do
        services.managers.decide("TICKET-2", "rejected", by: "grace")
        result = ask
        expect(result).to fail_workflow.at_step("get_manager_approval")
        expect(result).to have_failed_step("get_manager_approval").with_error_code("APPROVAL_REJECTED").with_error("grace said no")
      end

      it "is tried again by an operator when he has decided late" do
        result = ask
        expect(result).to have_failed_step("get_manager_approval").with_error_code("APPROVAL_PENDING").after_attempts(1)
        expect(result).to fail_workflow
        services.managers.decide("TICKET-2", "approved", by: "grace")
        workflow_test.retry_step(result, "get_manager_approval", by: "ada", reason: "grace has decided")
        expect(run_task_workflow(result)).to complete_workflow
      end
    end

    it "comes back when the payments team's service is busy, and not when it refuses" do
      services.payments_api.fail_next(:create_task, [429, {"Retry-After" => "30"}, "slower"])
      expect(refund).to have_completed_step("execute_refund_workflow").after_attempts(2)
      services.payments_api.fail_next(:create_task, [403, {}, "not you"])
      expect(refund(ticket_id: "TICKET-2", customer_id: "CUST-2", refund_amount_cents: 50_00))
        .to have_failed_step("execute_refund_workflow").with_error_code("HTTP_403").after_attempts(1)
      expect(services.help_desk.find("TICKET-2").status).to eq("open")
    end

    it "asks the payments team once, wherever its process dies, and managers not twice" do
      of_payments = "select count(*) from tasker.tasks where named_task_id in (select named_task_id from tasker.named_tasks n " \
        "join tasker.namespaces s using (namespace_id) where s.name = 'payments')"
      crashes = crash_everywhere(
        "process_refund", namespace: "customer_success", context:, may_differ: %w[execute_refund_workflow]
      ) do |variant|
        asked = variant.report.complete? ? 1 : 0
        expect(tasker_connection.exec(of_payments).getvalue(0, 0)).to eq(asked.to_s)
      ensure
        services.reset
      end
      expect(crashes.broken.map { |variant| variant.crash.values_at(:step, :when) })
        .to eq([%w[get_manager_approval before_handler], %w[get_manager_approval after_handler]])
      expect(crashes.broken.flat_map(&:problems).grep(/get_manager_approval/)).to all(end_with("(worker_lost)"))
    end
  end

  it "keeps the two apart, which have the same name" do
    factory = Tasker::HandlerFactory.instance
    expect(factory.get("process_refund", namespace_name: "payments", version: "2.1.0"))
      .to be_a(TeamRefunds::Payments::ProcessRefundHandler)
    expect(factory.get("process_refund", namespace_name: "customer_success", version: "1.3.0"))
      .to be_a(TeamRefunds::CustomerSuccess::ProcessRefundHandler)
    expect { factory.get("process_refund", namespace_name: "payments", version: "1.3.0") }
      .to raise_error(Tasker::ProceduralError, /process_refund/)
    expect { run_task_workflow("process_refund", context: {}) }.to raise_error(Tasker::UnknownNamedTaskError)
  end
end
