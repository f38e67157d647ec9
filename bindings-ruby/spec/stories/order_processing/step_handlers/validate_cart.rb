# frozen_string_literal: true

module OrderProcessing
  # Prices what is in the cart, and looks whether it can be had.
  class ValidateCart < Tasker::StepHandler::Base
    def process(task, _sequence, _step)
      items = task.context[:cart_items]
      raise Tasker::PermanentError.new("there is nothing in the cart", error_code: "MISSING_CART_ITEMS") if items.blank?

      lines = items.map { |item| line_of(item) }
      wait_for_stock(lines)
      totals(lines).merge(validated_items: lines)
    end

    private

    def line_of(item)
      quantity, product_id = item.values_at(:quantity, :product_id)
      unless quantity.positive?
        raise Tasker::PermanentError.new("#{quantity} of product #{product_id} cannot be bought", error_code: "INVALID_QUANTITY")
      end

      product = OrderProcessing.services.catalog.find(product_id)
      unless product&.sold
        raise Tasker::PermanentError.new(
          "product #{product_id} is not sold", error_code: "PRODUCT_NOT_FOUND", context: {product_id:}
        )
      end

      {product_id:, name: product.name, quantity:, unit_cents: product.price_cents, line_cents: quantity * product.price_cents}
    end

    # The next delivery comes, so it is worth coming back.
    def wait_for_stock(lines)
      short = lines.select { |line| OrderProcessing.services.warehouse.available(line[:product_id]) < line[:quantity] }
      return if short.empty?

      raise Tasker::RetryableError.new(
        "out of stock: #{short.map { |line| line[:name] }.join(", ")}", retry_after: 30, error_code: "OUT_OF_STOCK"
      )
    end

    def totals(lines)
      subtotal_cents = lines.sum { |line| line[:line_cents] }
      tax_cents = (subtotal_cents * config[:tax_percentage] / 100r).round
      shipping_cents = (subtotal_cents >= config[:free_shipping_from_cents]) ? 0 : config[:shipping_cents]
      {subtotal_cents:, tax_cents:, shipping_cents:, total_cents: subtotal_cents + tax_cents + shipping_cents}
    end
  end
end
