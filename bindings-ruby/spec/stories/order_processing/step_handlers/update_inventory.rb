# frozen_string_literal: true

module OrderProcessing
  # Reserves what was paid for.
  class UpdateInventory < Tasker::StepHandler::Base
    def process(task, sequence, step)
      lines = sequence.find_step_by_name("validate_cart").results[:validated_items]
      reservation = reserve(task, lines.map { |line| {product_id: line[:product_id], quantity: line[:quantity]} })
      step.results = {reservation_id: reservation, reserved_units: lines.sum { |line| line[:quantity] }}
    end

    private

    def reserve(task, lines)
      OrderProcessing.services.warehouse.reserve("#{task.task_id}/update_inventory", lines)
    rescue Warehouse::OutOfStock => e
      # Somebody else was faster, between the validation and the payment.
      raise Tasker::RetryableError.new(e.message, retry_after: 60, error_code: "OUT_OF_STOCK")
    end
  end
end
