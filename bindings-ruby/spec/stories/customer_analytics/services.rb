# frozen_string_literal: true

module CustomerAnalytics
  # Where orders and products are. It answers in pages.
  class DataWarehouse < MockService
    class Timeout < StandardError; end

    class QueryRefused < StandardError; end

    ORDERS = [
      {order_id: 1, user_id: 10, date: "2024-01-03", lines: [{product_id: 100, quantity: 2, unit_cents: 20_000}]},
      {order_id: 2, user_id: 11, date: "2024-01-09", lines: [{product_id: 101, quantity: 1, unit_cents: 4_500}]},
      {order_id: 3, user_id: 10, date: "2024-01-21", lines: [{product_id: 101, quantity: 4, unit_cents: 4_500}]},
      {order_id: 4, user_id: 12, date: "2024-01-30", lines: [{product_id: 102, quantity: 1, unit_cents: 25_000}]},
      {order_id: 5, user_id: 11, date: "2024-02-02", lines: [{product_id: 100, quantity: 1, unit_cents: 20_000}]}
    ].freeze
    PRODUCTS = [
      {product_id: 100, name: "Espresso machine", cost_cents: 12_000, stock: 3},
      {product_id: 101, name: "Grinder", cost_cents: 3_000, stock: 40},
      {product_id: 102, name: "Water filter", cost_cents: 24_000, stock: 12},
      {product_id: 103, name: "Milk jug", cost_cents: 900, stock: 80}
    ].freeze

    def orders(from:, to:, after:, limit:)
      called(:orders, from:, to:, after:, limit:)
      ORDERS.select { |order| order[:date].between?(from.iso8601, to.iso8601) && order[:order_id] > after }.first(limit)
    end

    def products
      called(:products)
      PRODUCTS
    end
  end

  # Where the customers are.
  class Crm < MockService
    class RateLimited < StandardError; end

    USERS = [
      {user_id: 10, name: "Ada", country: "GB", since: "2021-05-01"},
      {user_id: 11, name: "Grace", country: "US", since: "2022-11-15"},
      {user_id: 12, name: "Edsger", country: "NL", since: "2023-12-30"}
    ].freeze

    def users
      called(:users)
      USERS
    end
  end

  # What the teams look at. The same key again is the same picture.
  class Dashboard < MockService
    class RateLimited < StandardError; end

    attr_reader :panels

    def reset
      super
      @panels = {}
    end

    def publish(key, panel)
      called(:publish, key:)
      @panels[key] = panel
      "https://dashboard.example.com/panels/#{@panels.keys.index(key) + 1}"
    end
  end

  # Who sends mail. A recipient who has been told is not told again.
  class Notifier < MockService
    class Down < StandardError; end

    attr_reader :told

    def reset
      super
      @told = {}
    end

    def told?(key, recipient) = @told.key?([key, recipient])

    def tell(key, recipient, text)
      called(:tell, recipient:)
      @told[[key, recipient]] = text
    end
  end

  Services = Data.define(:warehouse, :crm, :dashboard, :notifier) do
    def self.build = new(DataWarehouse.new, Crm.new, Dashboard.new, Notifier.new)

    def reset = to_h.each_value(&:reset)
  end

  def self.services = @services ||= Services.build
end
