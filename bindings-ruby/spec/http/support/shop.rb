# frozen_string_literal: true

require "fileutils"
require "logger"
require "tmpdir"
require "yaml"
require "rails"
require "action_controller/railtie"
require "active_record/railtie"
require "action_dispatch/testing/integration"
require "tasker/engine"

# A Rails application in the process of the specs, with the interface mounted in it. Each file of the folder may add to it before it
# is first used.
class Shop < Rails::Application
  config.root = Dir.mktmpdir("tasker-http-")
  at_exit { FileUtils.rm_rf(root) }
  config.load_defaults(Rails::VERSION::STRING.to_f)
  config.eager_load = false
  config.secret_key_base = "x" * 64
  config.hosts.clear
  config.logger = Logger.new(nil)
  config.consider_all_requests_local = false
  config.action_dispatch.show_exceptions = :none
  config.session_store :cookie_store, key: "_shop"
  config.active_support.deprecation = :raise

  class << self
    # @return [Shop] booted
    def booted
      initialize_here unless initialized?
      instance
    end

    private

    # Models need a database, if only to look at its columns.
    def initialize_here
      FileUtils.mkdir_p(root.join("config"))
      url = Databases.at(Databases.create(template: Databases.migrated))
      root.join("config/database.yml").write({"development" => {"adapter" => "postgresql", "url" => url}}.to_yaml)
      initialize!
      require_relative "sessions_controller"
    end
  end

  routes.append do
    post "/session", to: "shop/sessions#create"
    mount Tasker::Engine, at: "/tasker"
  end
end

# A host's session, in an example.
module InShop
  def self.included(group)
    group.let(:shop) { ActionDispatch::Integration::Session.new(Shop.booted) }
    group.before do
      Shop.booted
      allow(Tasker).to receive(:client).and_return(client)
    end
    group.after { Tasker.reset_configuration! }
  end

  # The users of the shop, by their names.
  User = Struct.new(:name, :roles) do
    include Tasker::Concerns::Authorizable
  end

  # Sets what the host says of authentication.
  def authenticate_by(authenticator, **options)
    stub_const("ShopAuthenticator", authenticator)
    Tasker.configure { |config| config.auth.assign(authentication_enabled: true, authenticator_class: "ShopAuthenticator", **options) }
  end

  def authorize_by(coordinator)
    stub_const("ShopCoordinator", coordinator)
    Tasker.configure { |config| config.auth.assign(authorization_enabled: true, authorization_coordinator_class: "ShopCoordinator") }
  end

  def body = JSON.parse(shop.response.body)

  def status = shop.response.status

  def get(path, **headers) = shop.get("/tasker#{path}", headers: headers.transform_keys(&:to_s))

  def post(path, json = {}, **headers)
    shop.post("/tasker#{path}", params: JSON.generate(json), headers: {"CONTENT_TYPE" => "application/json", **headers.transform_keys(&:to_s)})
  end

  # Signs in by the session; the CSRF token of it.
  def sign_in(name)
    shop.post("/session", params: {name:})
    body["csrf"]
  end
end
