# frozen_string_literal: true

module UserRegistration
  # Welcomes the user, with what he wants to read.
  class SendWelcomeSequence < ServiceHandler
    def process(_task, sequence, step)
      billing = sequence.find_step_by_name("setup_billing_profile").results
      preferences = sequence.find_step_by_name("initialize_preferences").results[:preferences]
      messages = ["welcome"]
      messages << "invoice_explained" if billing[:billing_id]
      messages << "product_tour" if preferences[:product_updates]
      messages << "newsletter" if preferences[:newsletter]
      post("sequences", {to: account(sequence)[:email], messages:}, step)
    end

    private

    def results_of(started) = {sequence_id: started.fetch(:id), messages: started.fetch(:messages)}
  end
end
