# frozen_string_literal: true

require "date"
require "faraday"
require "json"

module TeamRefunds
  # What the payments team knows of payments.
  class Ledger < MockService
    Payment = Struct.new(:id, :amount_cents, :refunded_cents, :status, :settled_on)

    def reset
      super
      @payments = [
        Payment.new("pay_settled", 120_00, 0, "settled", Date.new(2024, 5, 1)),
        Payment.new("pay_partly_refunded", 120_00, 100_00, "settled", Date.new(2024, 5, 1)),
        Payment.new("pay_pending", 80_00, 0, "pending", nil),
        Payment.new("pay_disputed", 80_00, 0, "disputed", Date.new(2024, 5, 1))
      ].to_h { |payment| [payment.id, payment] }
      @refunds = {}
    end

    def find(id)
      called(:find, id:)
      @payments[id]
    end

    # Written down once for each key.
    def record_refund(key, payment_id:, amount_cents:, refund_id:)
      called(:record_refund, key:)
      @refunds[key] ||= begin
        @payments.fetch(payment_id).refunded_cents += amount_cents
        {entry: "entry_#{@refunds.size + 1}", refund_id:}
      end
    end
  end

  # Who gives money back. The same key again is the same refund.
  class RefundGateway < MockService
    class Busy < StandardError; end

    class Rejected < StandardError; end

    class Unreachable < StandardError; end

    attr_reader :refunds

    def reset
      super
      @refunds = {}
    end

    def refund(key, payment_id:, amount_cents:)
      called(:refund, key:, payment_id:, amount_cents:)
      @refunds[key] ||= {id: "re_#{@refunds.size + 1}", amount_cents:, arrives_in_days: 5}
    end
  end

  # Who writes to customers.
  class Mailer < MockService
    class Down < StandardError; end

    attr_reader :sent

    def reset
      super
      @sent = {}
    end

    def deliver(key, to:, text:)
      called(:deliver, key:, to:)
      @sent[key] ||= {id: "msg_#{@sent.size + 1}", to:, text:}
    end
  end

  # What the customer success team works with.
  class HelpDesk < MockService
    Ticket = Struct.new(:id, :customer_id, :status, :tier, :bought_on, :notes)

    def reset
      super
      @tickets = [
        Ticket.new("TICKET-1", "CUST-1", "open", "gold", Date.new(2024, 5, 1), []),
        Ticket.new("TICKET-2", "CUST-2", "open", "standard", Date.new(2024, 5, 1), []),
        Ticket.new("TICKET-3", "CUST-1", "closed", "gold", Date.new(2024, 5, 1), [])
      ].to_h { |ticket| [ticket.id, ticket] }
    end

    def find(id)
      called(:find, id:)
      @tickets[id]
    end

    def close(id, note)
      called(:close, id:)
      ticket = @tickets.fetch(id)
      ticket.status = "closed"
      ticket.notes |= [note]
      ticket
    end
  end

  # Who decides where a policy leaves it to people.
  class Managers < MockService
    def reset
      super
      @decisions = {}
    end

    def decide(ticket_id, decision, by:) = @decisions[ticket_id] = {decision:, by:}

    def decision(ticket_id)
      called(:decision, ticket_id:)
      @decisions[ticket_id]
    end
  end

  # The payments team's own service, as other teams see it: it makes tasks of theirs.
  class PaymentsApi < MockService
    def create_task(request)
      answer = called(:create_task, **request)
      return answer if answer

      created = Tasker.create_task!(request.delete(:name), **request)
      [created.created? ? 201 : 200, {"Content-Type" => "application/json"}, JSON.generate(task_id: created.task_id)]
    end

    def network
      Faraday::Adapter::Test::Stubs.new do |stub|
        stub.post("https://payments.example.com/tasker/tasks") do |env|
          create_task(JSON.parse(env.body, symbolize_names: true))
        end
      end
    end
  end

  Services = Data.define(:ledger, :gateway, :mailer, :help_desk, :managers, :payments_api) do
    def self.build = new(Ledger.new, RefundGateway.new, Mailer.new, HelpDesk.new, Managers.new, PaymentsApi.new)

    def reset = to_h.each_value(&:reset)
  end

  class << self
    def services = @services ||= Services.build

    # How services are reached; in production, by Faraday's default adapter.
    def adapter = @adapter ||= [:test, services.payments_api.network]
  end
end
