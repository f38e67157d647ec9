# frozen_string_literal: true

require "active_support/core_ext/string/inflections"

require_relative "services"
require_relative "step_handlers/extract_orders"
require_relative "step_handlers/extract_users"
require_relative "step_handlers/extract_products"
require_relative "step_handlers/transform_customer_metrics"
require_relative "step_handlers/transform_product_metrics"
require_relative "step_handlers/generate_insights"
require_relative "step_handlers/update_dashboard"
require_relative "step_handlers/send_notifications"

module CustomerAnalytics
  # The workflow, as its YAML says.
  class CustomerAnalyticsHandler < Tasker::ConfiguredTask
    def self.yaml_path = File.expand_path("config/customer_analytics.yaml", __dir__)
  end
end
