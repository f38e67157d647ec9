# frozen_string_literal: true

module OrderProcessing
  Product = Data.define(:id, :name, :price_cents, :sold)

  # What the shop sells.
  class Catalog < MockService
    PRODUCTS = [
      Product.new(id: 1, name: "Kettle", price_cents: 29_99, sold: true),
      Product.new(id: 2, name: "Toaster", price_cents: 49_99, sold: true),
      Product.new(id: 3, name: "Gramophone", price_cents: 199_00, sold: false)
    ].freeze

    def find(id)
      called(:find, id:)
      PRODUCTS.find { |product| product.id == id }
    end
  end

  # What is in stock. A reservation is made once for each key.
  class Warehouse < MockService
    class Contention < StandardError; end

    class OutOfStock < StandardError; end

    attr_reader :stock

    def reset
      super
      @stock = {1 => 10, 2 => 5, 3 => 0}
      @reservations = {}
    end

    def available(product_id) = @stock.fetch(product_id, 0)

    def reserve(key, lines)
      called(:reserve, key:, lines:)
      @reservations[key] ||= begin
        short = lines.find { |line| @stock.fetch(line[:product_id], 0) < line[:quantity] }
        raise OutOfStock, "product #{short[:product_id]} is out of stock" if short

        lines.each { |line| @stock[line[:product_id]] -= line[:quantity] }
        "res_#{@reservations.size + 1}"
      end
    end
  end

  # Who charges cards. The same key again is the same charge.
  class PaymentGateway < MockService
    class Declined < StandardError; end

    class InsufficientFunds < StandardError; end

    class Busy < StandardError; end

    class Unreachable < StandardError; end

    REFUSED = {"tok_declined" => Declined, "tok_poor" => InsufficientFunds}.freeze

    attr_reader :charges

    def reset
      super
      @charges = {}
    end

    def charge(token:, amount_cents:, idempotency_key:)
      called(:charge, token:, amount_cents:, idempotency_key:)
      raise REFUSED[token], "the card was refused" if REFUSED.key?(token)

      @charges[idempotency_key] ||= {id: "ch_#{@charges.size + 1}", amount_cents:, status: "succeeded"}
    end
  end

  # The orders of the shop.
  class OrderBook < MockService
    attr_reader :orders

    def reset
      super
      @orders = {}
    end

    def create(key, **order)
      called(:create, key:)
      @orders[key] ||= {number: format("ORD-%06d", @orders.size + 1), status: "confirmed", **order}
    end
  end

  # Who sends mail.
  class Mailer < MockService
    class Undeliverable < StandardError; end

    class Down < StandardError; end

    attr_reader :sent

    def reset
      super
      @sent = {}
    end

    def deliver(key, to:, subject:, body:)
      called(:deliver, key:, to:)
      raise Undeliverable, "#{to} is no address" unless to.match?(/\A[^@\s]+@[^@\s]+\z/)

      @sent[key] ||= {id: "msg_#{@sent.size + 1}", to:, subject:, body:}
    end
  end

  Services = Data.define(:catalog, :warehouse, :payments, :orders, :mailer) do
    def self.build = new(Catalog.new, Warehouse.new, PaymentGateway.new, OrderBook.new, Mailer.new)

    def reset = to_h.each_value(&:reset)
  end

  def self.services = @services ||= Services.build
end
