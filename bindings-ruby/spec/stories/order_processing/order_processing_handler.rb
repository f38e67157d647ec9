# frozen_string_literal: true

require_relative "services"
require_relative "step_handlers/validate_cart"
require_relative "step_handlers/process_payment"
require_relative "step_handlers/update_inventory"
require_relative "step_handlers/create_order"
require_relative "step_handlers/send_confirmation"

module OrderProcessing
  # The workflow, as its YAML says.
  class OrderProcessingHandler < Tasker::ConfiguredTask
    def self.yaml_path = File.expand_path("config/order_processing.yaml", __dir__)
  end
end
