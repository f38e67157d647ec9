# frozen_string_literal: true

require_relative "../support/remote_service"

module UserRegistration
  # Who users are. An address has one account.
  class UserService < RemoteService
    attr_reader :users

    def reset
      super
      @users = {}
    end

    def create(user, key)
      answer(:create, key:, **user) do
        if find_by_email(user[:email])
          json(409, {error: "the address is taken"})
        else
          id = @users.size + 1
          json(201, @users[id] = {id:, status: "pending", **user.slice(:email, :name, :plan)})
        end
      end
    end

    def find(email)
      answer(:find, email:) { find_by_email(email).then { |user| user ? json(200, user) : json(404, {error: "nobody"}) } }
    end

    def update(id, changes)
      answer(:update, id:, **changes) { json(200, @users.fetch(id).merge!(changes)) }
    end

    private

    def find_by_email(email) = @users.each_value.find { |user| user[:email] == email }
  end

  # Who pays.
  class BillingService < RemoteService
    attr_reader :profiles

    def reset
      super
      @profiles = {}
    end

    def create(profile, key)
      answer(:create, key:, **profile) do
        next json(402, {error: "the card was refused"}) if profile[:payment_method] == "card_declined"

        id = "bill_#{@profiles.size + 1}"
        @profiles[profile[:user_id]] = profile
        json(201, {id:, status: "active", next_billing_day: 1})
      end
    end
  end

  # What users want.
  class PreferencesService < RemoteService
    KNOWN = {marketing_emails: true, product_updates: true, newsletter: false}.freeze

    def replace(user_id, preferences)
      answer(:replace, user_id:, preferences:) do
        unknown = preferences.keys - KNOWN.keys
        next json(422, {error: "unknown: #{unknown.join(", ")}"}) if unknown.any?

        json(200, {user_id:, preferences: KNOWN.merge(preferences)})
      end
    end
  end

  # Who writes to users.
  class NotificationService < RemoteService
    attr_reader :sequences

    def reset
      super
      @sequences = []
    end

    def start(sequence, key)
      answer(:start, key:, **sequence) do
        @sequences << sequence
        json(202, {id: "seq_#{@sequences.size}", messages: sequence[:messages]})
      end
    end
  end

  Services = Data.define(:users, :billing, :preferences, :notifications) do
    def self.build = new(UserService.new, BillingService.new, PreferencesService.new, NotificationService.new)

    def reset = to_h.each_value(&:reset)

    # The network that leads to them, for Faraday's adapter for tests.
    def network
      Faraday::Adapter::Test::Stubs.new do |stub|
        stub.post("https://users.example.com/v1/users") { |env| users.create(body(env), key(env)) }
        stub.get("https://users.example.com/v1/users") { |env| users.find(env.params["email"]) }
        stub.patch(%r{\A/v1/users/\d+\z}) { |env| users.update(id(env), body(env)) }
        stub.post("https://billing.example.com/v1/profiles") { |env| billing.create(body(env), key(env)) }
        stub.put(%r{\A/v1/users/\d+\z}) { |env| preferences.replace(id(env), body(env)) }
        stub.post("https://notifications.example.com/v1/sequences") { |env| notifications.start(body(env), key(env)) }
      end
    end

    private

    def body(env) = JSON.parse(env.body, symbolize_names: true)

    def key(env) = env.request_headers["Idempotency-Key"]

    def id(env) = Integer(env.url.path[/\d+\z/])
  end

  class << self
    def services = @services ||= Services.build

    # How services are reached; in production, by Faraday's default adapter.
    def adapter = @adapter ||= [:test, services.network]
  end
end
