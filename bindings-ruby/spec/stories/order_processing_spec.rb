# frozen_string_literal: true

require_relative "story_helper"
require_relative "order_processing/order_processing_handler"

RSpec.describe "The story of order processing" do
  let(:services) { OrderProcessing.services }
  let(:cart_items) { [{product_id: 1, quantity: 2}, {product_id: 2, quantity: 1}] }
  # 2 × 29.99 + 49.99, 8 % tax; shipping is free from 100.00 on.
  let(:total_cents) { 10_997 + 880 }
  let(:context) do
    {
      cart_items:,
      customer_info: {id: 123, name: "Ada Lovelace", email: "ada@example.com", tier: "premium"},
      payment_info: {token: "tok_visa", amount_cents: total_cents}
    }
  end

  before do
    OrderProcessing::OrderProcessingHandler.new
    services.reset
  end

  def order(**changes) = run_task_workflow("process_order", namespace: "ecommerce", context: context.deep_merge(changes))

  it "takes an order from the cart to the confirmation" do
    result = order
    expect(result).to complete_workflow
    expect(result).to have_executed_steps(
      "validate_cart", "process_payment", "update_inventory", "create_order", "send_confirmation"
    ).in_order
    expect(result).to have_completed_step("validate_cart")
      .with_results_including(subtotal_cents: 10_997, tax_cents: 880, shipping_cents: 0, total_cents:)
    expect(result).to have_completed_step("create_order")
      .with_results(order_number: "ORD-000001", status: "confirmed", total_cents:)
    expect(services.warehouse.stock).to include(1 => 8, 2 => 4)
    expect(services.mailer.sent.values).to contain_exactly(
      a_hash_including(to: "ada@example.com", body: a_string_including("Dear Ada Lovelace", "118.77"))
    )
  end

  it "adds shipping to a small order, and fills in what the schema has defaults for" do
    result = run_task_workflow(
      "process_order",
      namespace: "ecommerce",
      context: {
        cart_items: [{product_id: 1, quantity: 1}],
        customer_info: {email: "bob@example.com"},
        payment_info: {token: "tok_visa", amount_cents: 2999 + 240 + 599}
      }
    )
    expect(result).to complete_workflow
    expect(result.context).to include("payment_info" => a_hash_including("method" => "credit_card"))
    expect(services.mailer.sent.values.first[:body]).to start_with("Hello customer")
  end

  describe "what ends an order at once" do
    it "is an empty cart" do
      result = order(cart_items: [])
      expect(result).to fail_workflow.at_step("validate_cart")
      expect(result).to have_failed_step("validate_cart").with_error_code("MISSING_CART_ITEMS").after_attempts(1)
    end

    it "is a quantity that cannot be bought" do
      result = order(cart_items: [{product_id: 1, quantity: 0}])
      expect(result).to have_failed_step("validate_cart").with_error_code("INVALID_QUANTITY").after_attempts(1)
    end

    [3, 99].each do |product_id|
      it "is product #{product_id}, which is not sold" do
        result = order(cart_items: [{product_id:, quantity: 1}])
        expect(result).to have_failed_step("validate_cart").with_error_code("PRODUCT_NOT_FOUND").after_attempts(1)
        expect(result.results("validate_cart")[:details]).to eq("product_id" => product_id)
      end
    end

    it "is another amount than the customer agreed to" do
      result = order(payment_info: {amount_cents: 1})
      expect(result).to have_failed_step("process_payment").with_error_code("PAYMENT_AMOUNT_MISMATCH").after_attempts(1)
      expect(services.payments.charges).to be_empty
    end

    {"tok_declined" => "PAYMENT_DECLINED", "tok_poor" => "INSUFFICIENT_FUNDS"}.each do |token, code|
      it "is a card that is refused with #{code}" do
        result = order(payment_info: {token:})
        expect(result).to fail_workflow.at_step("process_payment")
        expect(result).to have_failed_step("process_payment").with_error_code(code).with_error("the card was refused")
        expect(result).to have_step_status("update_inventory", "pending")
        expect(services.warehouse.stock).to include(1 => 10)
      end
    end

    it "is a context without what the schema asks for, and then there is no task" do
      expect { run_task_workflow("process_order", namespace: "ecommerce", context: {cart_items:}) }
        .to raise_error(Tasker::InvalidContextError, /customer_info/)
    end
  end

  describe "what passes" do
    it "is a gateway that is busy: its own wait is kept" do
      services.payments.fail_next(:charge, OrderProcessing::PaymentGateway::Busy.new("429"), times: 2)
      result = order
      expect(result).to complete_workflow
      expect(result).to have_completed_step("process_payment").after_attempts(3)
      expect(result.timings["process_payment"].waiting_seconds).to eq(60)
    end

    it "is a gateway that cannot be reached: the engine's backoff is kept" do
      services.payments.fail_next(:charge, OrderProcessing::PaymentGateway::Unreachable.new("timeout"), times: 2)
      result = order
      expect(result).to have_completed_step("process_payment").after_attempts(3)
      expect(result.timings["process_payment"].waiting_seconds).to eq(1 + 2)
    end

    it "is stock that has run out, until more comes" do
      services.warehouse.stock[2] = 0
      result = run_task_workflow_until_idle("process_order", namespace: "ecommerce", context:)
      expect(result).to have_failed_step("validate_cart").with_error_code("OUT_OF_STOCK").with_error("out of stock: Toaster")
      expect(result.next_due_at - result.now).to eq(30)
      services.warehouse.stock[2] = 5
      expect(run_task_workflow(result)).to complete_workflow
    end

    it "is a mail server that is down for a while" do
      services.mailer.fail_next(:deliver, OrderProcessing::Mailer::Down.new("421"), times: 4)
      expect(order).to have_completed_step("send_confirmation").after_attempts(5)
    end
  end

  it "leaves an order whose stock somebody else took to an operator, who knows what was paid" do
    allow(services.warehouse).to receive(:available).and_return(99)
    services.warehouse.stock[1] = 0
    result = order
    expect(result).to fail_workflow.at_step("update_inventory")
    expect(result).to have_failed_step("update_inventory").with_error_code("OUT_OF_STOCK").after_attempts(2)
    expect(services.payments.charges.size).to eq(1)

    services.warehouse.stock[1] = 10
    workflow_test.retry_task(result, by: "ada", reason: "the delivery came")
    expect(run_task_workflow(result)).to complete_workflow
    expect(services.payments.charges.size).to eq(1)
  end

  it "keeps the order when the customer cannot be told" do
    services.mailer.fail_next(:deliver, OrderProcessing::Mailer::Down.new("421"), times: 5)
    result = order
    expect(result).to fail_workflow.at_step("send_confirmation")
    expect(result).to have_completed_step("create_order")
    workflow_test.resolve_step(result, "send_confirmation", results: {message_id: "by hand"}, reason: "told by telephone")
    expect(workflow_test.report(result)).to complete_workflow
  end

  it "charges the customer once, wherever the process dies" do
    crashes = crash_everywhere("process_order", namespace: "ecommerce", context:) do |variant|
      expect(variant.report).to complete_workflow
      expect(services.payments.charges.size).to eq(1)
      expect(services.mailer.sent.size).to eq(1)
      expect(services.warehouse.stock).to include(1 => 8)
    ensure
      services.reset
    end
    expect(crashes).to survive_crashes
    expect(crashes.most_executions_of("process_payment")).to eq(2)
  end
end
