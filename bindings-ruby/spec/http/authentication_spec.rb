# frozen_string_literal: true

require_relative "http_helper"
require_relative "support/shop"

RSpec.describe "Who asks, where the interface is mounted in Rails", :database do
  include HttpHelper
  include InShop

  let(:by_session) do
    Class.new do
      include Tasker::Authentication::Interface

      def authenticate!(controller)
        raise Tasker::Authentication::AuthenticationError, "Sign in first" unless authenticated?(controller)
      end

      # As the ancestor's did: nothing of it may last longer than a request.
      def current_user(controller)
        @current_user ||= InShop::User.new(controller.session[:user], []) if controller.session[:user]
      end
    end
  end
  let(:by_token) do
    Class.new do
      def initialize(options) = @options = options

      def authenticate!(controller)
        raise Tasker::Authentication::AuthenticationError, "no such token" unless current_user(controller)
      end

      def current_user(controller)
        token = controller.request.headers[@options[:header]]
        {email: "#{token}@shop.example"} if token
      end
    end
  end

  before { register_one }

  it "is said by the authenticator, and 401 for everybody else but at probes" do
    authenticate_by(by_session)
    get("/tasks")
    expect([status, body]).to eq([401, {"error" => "Unauthorized", "message" => "Sign in first"}])
    get("/health/live")
    expect(status).to eq(200)

    sign_in("anna")
    get("/tasks")
    expect(status).to eq(200)
  end

  it "need not be said to ask how Tasker is, if the application wants it so" do
    authenticate_by(by_session)
    get("/health/status")
    expect(status).to eq(401)
    Tasker.configure { |config| config.health.status_requires_authentication = false }
    get("/health/status")
    expect(status).to eq(200)
    get("/tasks")
    expect(status).to eq(401)
  end

  it "is asked anew for each request" do
    authenticate_by(by_session)
    anna, nobody = Array.new(2) { ActionDispatch::Integration::Session.new(Shop.booted) }
    anna.post("/session", params: {name: "anna"})
    2.times do
      expect(anna.get("/tasker/tasks")).to eq(200)
      expect(nobody.get("/tasker/tasks")).to eq(401)
    end
  end

  it "is in the trail" do
    authenticate_by(by_token, options: {header: "X-Token"})
    task_id = create_one
    post("/tasks/#{task_id}/cancel", {by: "somebody else"}, "X-Token": "otto")
    expect(status).to eq(200)
    expect(client.transitions(task_id).last.metadata.to_h).to include("by" => "otto@shop.example")
  end

  it "is known to the application's filters, as current_user" do
    helpers = Module.new { def current_user = current_tasker_user }
    authenticate_by(by_session)
    seen = nil
    filter = -> { seen = current_user.name }
    Tasker::ApiController.include(helpers)
    Tasker::ApiController.before_action(filter)
    sign_in("anna")
    get("/tasks")
    expect(seen).to eq("anna")
  ensure
    Tasker::ApiController.skip_before_action(filter)
  end

  it "takes no change by a cookie alone: it wants the CSRF token, or a page of this site" do
    authenticate_by(by_session)
    token = sign_in("anna")
    task = {name: "one", namespace: "shop"}
    post("/tasks", task)
    expect([status, body["kind"]]).to eq([403, "forbidden"])
    post("/tasks", task, "X-CSRF-Token": "guessed")
    expect(status).to eq(403)
    post("/tasks", task, "X-CSRF-Token": token)
    expect(status).to eq(201)
    post("/tasks", task, "X-CSRF-Token": token, Origin: "https://evil.example")
    expect(status).to eq(403)
    post("/tasks", task, "Sec-Fetch-Site": "same-origin")
    expect(status).to eq(201)
    get("/tasks")
    expect(status).to eq(200)
  end

  it "takes a change by a cookie where the application has turned its protection off, as tests do" do
    Shop.booted
    Tasker::ApplicationController.allow_forgery_protection = false
    authenticate_by(by_session)
    sign_in("anna")
    post("/tasks", {name: "one", namespace: "shop"})
    expect(status).to eq(201)
  ensure
    Tasker::ApplicationController.allow_forgery_protection = true
  end

  it "takes a change by a token as it is, also beside a cookie" do
    authenticate_by(by_token, options: {header: "Authorization"})
    sign_in("anna")
    post("/tasks", {name: "one", namespace: "shop"}, Authorization: "Bearer otto")
    expect(status).to eq(201)
    # A browser keeps it, and sends it along by itself.
    post("/tasks", {name: "one", namespace: "shop"}, Authorization: "Basic b3R0bzo=")
    expect(status).to eq(403)
  end

  it "is anybody with NoneAuthenticator" do
    Tasker.configure { |config| config.auth.assign(authentication_enabled: true, authenticator_class: "Tasker::Authentication::NoneAuthenticator") }
    get("/tasks")
    expect(status).to eq(200)
    expect(Tasker::Authentication::Coordinator.authenticator).to be_authenticated(nil)
  end

  it "may be found out by the engine itself, from roles and permissions of the host" do
    Tasker.configure { |config| config.auth.assign(roles: {"clerk" => ["tasker.task:index"]}, default_roles: ["clerk"]) }
    expect(Tasker.configuration.to_settings).to eq("auth" => {"roles" => {"clerk" => ["tasker.task:index"]}, "default_roles" => ["clerk"]})
    Tasker::Client.open(database_url:, settings: Tasker.configuration.to_settings) do |configured|
      app = Tasker.http(configured, principal: ->(env) { {name: "carl"} if env["HTTP_X_USER"] })
      expect(answer_of(app, Conversation::Asked.new(method: "GET", target: "/tasks", headers: {"x-user" => "carl"}, body: "")).status).to eq(200)
      expect(answer_of(app, Conversation::Asked.new(method: "GET", target: "/workers", headers: {"x-user" => "carl"}, body: "")).status).to eq(403)
    end
  end

  describe "an authenticator that cannot work" do
    def problem
      get("/tasks")
      [status, body["error"], body["message"]]
    end

    it "is missing" do
      Tasker.configure { |config| config.auth.assign(authentication_enabled: true, authenticator_class: "Nobody") }
      expect(problem).to eq([500, "Authentication Configuration Error", "auth.authenticator_class: there is no class Nobody"])
      Tasker.configure { |config| config.auth.authenticator_class = nil }
      expect(problem).to eq([500, "Authentication Configuration Error", "Authentication is enabled but no authenticator_class is specified"])
    end

    it "lacks a method" do
      authenticate_by(Class.new { def initialize(_options) = nil })
      expect(problem).to match([500, "Authentication Interface Error", /has no authenticate! and no current_user/])
    end

    it "says that its options are wrong" do
      strict = Class.new(by_session) { def validate_configuration(options) = options[:secret] ? [] : ["secret is missing"] }
      authenticate_by(strict)
      expect(problem).to match([500, "Authentication Configuration Error", /secret is missing/])
      authenticate_by(strict, options: {secret: "x"})
      expect(problem.first).to eq(401)
    end
  end

  it "is what an authenticator has to say" do
    empty = Class.new { include Tasker::Authentication::Interface }.new
    expect { empty.authenticate!(nil) }.to raise_error(NotImplementedError)
    expect { empty.current_user(nil) }.to raise_error(NotImplementedError)
    expect(empty.validate_configuration).to eq([])
  end
end
