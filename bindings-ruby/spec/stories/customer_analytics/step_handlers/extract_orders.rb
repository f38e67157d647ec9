# frozen_string_literal: true

require "date"

module CustomerAnalytics
  # Fetches the orders of a range of days, page by page.
  class ExtractOrders < Tasker::StepHandler::Base
    def process(task, _sequence, _step)
      from, to = range_of(task)
      orders = all_pages(from, to)
      {orders:, record_count: orders.size, from:, to:}
    end

    private

    def range_of(task)
      range = task.context[:date_range]
      if range.blank? || range.values_at(:start_date, :end_date).any?(&:blank?)
        raise Tasker::PermanentError.new("the days to look at are missing", error_code: "MISSING_DATE_RANGE")
      end

      from, to = range.values_at(:start_date, :end_date).map { |day| Date.iso8601(day) }
      raise Date::Error, "#{from} is after #{to}" if from > to

      [from, to]
    rescue Date::Error => e
      raise Tasker::PermanentError.new("there are no such days: #{e.message}", error_code: "INVALID_EXTRACTION_QUERY")
    end

    def all_pages(from, to)
      orders = []
      loop do
        page = page_after(orders.last&.fetch(:order_id) || 0, from, to)
        orders.concat(page)
        return orders if page.size < config[:batch_size]
      end
    end

    def page_after(order_id, from, to)
      CustomerAnalytics.services.warehouse.orders(from:, to:, after: order_id, limit: config[:batch_size])
    rescue DataWarehouse::Timeout
      raise Tasker::RetryableError.new("the warehouse took too long", retry_after: 30, context: {after: order_id})
    rescue DataWarehouse::QueryRefused => e
      raise Tasker::PermanentError.new(e.message, error_code: "INVALID_EXTRACTION_QUERY")
    end
  end
end
