# frozen_string_literal: true

module CustomerAnalytics
  # Fetches the customers.
  class ExtractUsers < Tasker::StepHandler::Base
    def process(_task, _sequence, _step)
      users = CustomerAnalytics.services.crm.users
      {users:, record_count: users.size}
    rescue Crm::RateLimited
      raise Tasker::RetryableError.new("the CRM takes no more for now", retry_after: 60)
    end
  end
end
