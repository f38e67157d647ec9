# frozen_string_literal: true

module CustomerAnalytics
  # Fetches the products.
  class ExtractProducts < Tasker::StepHandler::Base
    def process(_task, _sequence, _step)
      products = CustomerAnalytics.services.warehouse.products
      {products:, record_count: products.size}
    rescue DataWarehouse::Timeout
      raise Tasker::RetryableError.new("the warehouse took too long", retry_after: 30)
    end
  end
end
