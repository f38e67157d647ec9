# frozen_string_literal: true

module UserRegistration
  # Makes a billing profile for those who pay.
  class SetupBillingProfile < ServiceHandler
    def process(task, sequence, step)
      return {billing_status: "not_needed"} if account(sequence)[:plan] == "free"

      payment_method = task.context.dig(:billing_info, :payment_method)
      if payment_method.blank?
        raise Tasker::PermanentError.new("a plan that costs needs a payment method", error_code: "MISSING_BILLING_INFO")
      end

      response = post("profiles", {user_id: account(sequence)[:user_id], payment_method:}, step)
      raise Tasker::PermanentError.new("the card was refused", error_code: "PAYMENT_DECLINED") if response.status == 402

      response
    end

    private

    def results_of(profile) = {billing_id: profile.fetch(:id), billing_status: profile.fetch(:status)}
  end
end
