# frozen_string_literal: true

require_relative "story_helper"
require_relative "user_registration/user_registration_handler"

RSpec.describe "The story of user registration" do
  let(:services) { UserRegistration.services }
  let(:context) do
    {
      user_info: {email: "grace@example.com", name: "Grace Hopper", plan: "pro"},
      billing_info: {payment_method: "card_visa"},
      preferences: {newsletter: true, marketing_emails: false}
    }
  end

  before do
    UserRegistration::UserRegistrationHandler.new
    services.reset
  end

  def register(**changes) = run_task_workflow("user_registration", namespace: "accounts", context: context.deep_merge(changes))

  # What a service answers instead.
  def out_of_order(status, headers = {}) = [status, headers, "out of order"]

  it "makes an account, bills and asks at once, welcomes, and lets the user in" do
    result = register
    expect(result).to complete_workflow
    expect(result).to have_completed_step("create_user_account").with_results_including(user_id: 1, plan: "pro")
    expect(result).to have_completed_step("setup_billing_profile").with_results(billing_id: "bill_1", billing_status: "active")
    expect(result).to have_completed_step("initialize_preferences")
      .with_results(preferences: {marketing_emails: false, product_updates: true, newsletter: true})
    expect(result).to have_completed_step("send_welcome_sequence")
      .with_results(sequence_id: "seq_1", messages: %w[welcome invoice_explained product_tour newsletter])
    expect(services.users.users.fetch(1)).to include(status: "active")
    first, *between, fourth, last = result.executed_steps
    expect([first, fourth, last]).to eq(%w[create_user_account send_welcome_sequence update_user_status])
    expect(between).to contain_exactly("setup_billing_profile", "initialize_preferences")
  end

  it "asks nobody for money who has nothing to pay" do
    result = run_task_workflow(
      "user_registration", namespace: "accounts", context: {user_info: {email: "ada@example.com", name: "Ada Lovelace"}}
    )
    expect(result).to complete_workflow
    expect(result).to have_completed_step("setup_billing_profile").with_results(billing_status: "not_needed")
    expect(services.billing.calls(:create)).to be_empty
    expect(result.results("send_welcome_sequence")[:messages]).to eq(%w[welcome product_tour])
  end

  describe "an address that is taken" do
    it "is the account of who registers again with the same words" do
      register
      result = register
      expect(result).to complete_workflow
      expect(result).to have_completed_step("create_user_account").with_results_including(user_id: 1)
      expect(services.users.users.size).to eq(1)
    end

    it "is refused to somebody else" do
      register
      result = register(user_info: {name: "Somebody Else"})
      expect(result).to fail_workflow.at_step("create_user_account")
      expect(result).to have_failed_step("create_user_account").with_error_code("USER_CONFLICT").after_attempts(1)
      expect(result.results("create_user_account")[:details]).to eq("user_id" => 1)
    end
  end

  describe "what ends a registration" do
    it "is a plan that costs, and nothing to pay it with" do
      result = register(billing_info: {payment_method: ""})
      expect(result).to have_failed_step("setup_billing_profile").with_error_code("MISSING_BILLING_INFO").after_attempts(1)
      expect(result).to have_completed_step("initialize_preferences")
      expect(result).to have_step_status("send_welcome_sequence", "pending")
    end

    it "is a card that is refused, and the user is not let in" do
      result = register(billing_info: {payment_method: "card_declined"})
      expect(result).to fail_workflow.at_step("setup_billing_profile")
      expect(result).to have_failed_step("setup_billing_profile").with_error_code("PAYMENT_DECLINED")
      expect(services.users.users.fetch(1)).to include(status: "pending")
    end

    it "is a request that a service does not understand" do
      result = register(preferences: {carrier_pigeon: true})
      expect(result).to have_failed_step("initialize_preferences").with_error_code("HTTP_422").after_attempts(1)
    end

    it "is an answer that nobody understands" do
      services.users.fail_next(:create, [200, {"Content-Type" => "text/html"}, "<h1>Welcome</h1>"])
      result = register
      expect(result).to have_failed_step("create_user_account").with_error_code("RESULT_PROCESSING_FAILED").after_attempts(1)
    end
  end

  describe "what passes" do
    it "is a service that says when to come back" do
      services.notifications.fail_next(:start, out_of_order(429, "Retry-After" => "45"))
      result = register
      expect(result).to have_completed_step("send_welcome_sequence").after_attempts(2)
      expect(result.timings["send_welcome_sequence"].waiting_seconds).to be_within(1).of(45)
    end

    it "is a service that is down, while the other branch goes on" do
      services.billing.fail_next(:create, out_of_order(503, "Retry-After" => "20"), times: 2)
      result = register
      expect(result).to complete_workflow
      expect(result).to have_completed_step("setup_billing_profile").after_attempts(3)
      expect(result).to have_completed_step("initialize_preferences").after_attempts(1)
    end

    it "is a network that fails" do
      services.users.fail_next(:create, Faraday::ConnectionFailed.new("connection refused"))
      services.preferences.fail_next(:replace, Faraday::TimeoutError.new("execution expired"))
      result = register
      expect(result).to complete_workflow
      expect(result.executions.select(&:failed?).map(&:error)).to contain_exactly(/connection refused/, /execution expired/)
    end

    it "is not a service that stays down" do
      services.users.fail_next(:update, out_of_order(500), times: 2)
      result = register
      expect(result).to fail_workflow.at_step("update_user_status")
      expect(result).to have_failed_step("update_user_status").after_attempts(2)
      workflow_test.retry_step(result, "update_user_status", by: "ada", reason: "the service is back")
      expect(run_task_workflow(result)).to complete_workflow
    end
  end

  it "makes one account and one profile, wherever the process dies" do
    crashes = crash_everywhere("user_registration", namespace: "accounts", context:) do
      expect([services.users.users.size, services.billing.profiles.size, services.notifications.sequences.size]).to all(eq(1))
    ensure
      services.reset
    end
    expect(crashes).to survive_crashes
  end
end
