# frozen_string_literal: true

require_relative "http_helper"
require "rails/generators"
require_relative "support/shop"
require "generators/tasker/authenticator/authenticator_generator"
require "generators/tasker/authorization_coordinator/authorization_coordinator_generator"

# What is generated says who asks, and what may be done. Its own tests run in spec/rails.
RSpec.describe "What the generators make", :database do
  include HttpHelper
  include InShop

  # Whom the generated authenticators find.
  let(:user_class) do
    Struct.new(:email, :permissions, :roles) do
      include Tasker::Concerns::Authorizable

      def self.find_by(id: nil, api_token_digest: nil)
        known = id.to_s == "7" || api_token_digest == Digest::SHA256.hexdigest("secret")
        new("anna@shop.example", ["tasker.task:index"], []) if known
      end
    end
  end

  before { stub_const("User", user_class) }

  # Runs a generator in a folder of its own, and loads the class that it has made.
  def generated(generator, *arguments)
    Dir.mktmpdir do |folder|
      silently { Rails::Generators.invoke("tasker:#{generator}", [*arguments, "--no-with-spec"], destination_root: folder) }
      file = Dir.glob("#{folder}/app/tasker/**/*.rb").first
      name = file[%r{app/tasker/(.+)\.rb}, 1].camelize
      stub_const(name.deconstantize, Module.new)
      load file
      name
    end
  end

  def silently
    before = $stdout
    $stdout = StringIO.new
    yield
  ensure
    $stdout = before
  end

  def authenticate_by_generated(type, **options)
    name = generated("authenticator", "Staff", "--type", type)
    expect(name).to eq("Authenticators::StaffAuthenticator")
    Tasker.configure { |config| config.auth.assign(authentication_enabled: true, authenticator_class: name, options:) }
    get("/tasks")
    expect([status, body["error"]]).to eq([401, "Unauthorized"])
  end

  %w[custom omniauth].each do |type|
    it "knows whoever is signed in, as #{type}" do
      authenticate_by_generated(type, **((type == "custom") ? {} : {session_key: :user}))
      if type == "custom"
        Shop.booted
        allow_any_instance_of(ActionDispatch::Request::Session).to receive(:[]).with(:user_id).and_return(7)
      else
        sign_in("7")
      end
      get("/tasks")
      expect(status).to eq(200)
    end
  end

  it "knows whoever Devise knows" do
    authenticate_by_generated("devise")
    warden = double
    allow(warden).to receive(:authenticate).with(scope: :user).and_return(user_class.find_by(id: 7))
    expect(Shop.booted.call(env_for("/tasker/tasks").merge("warden" => warden)).first).to eq(200)
  end

  it "knows whoever has an API token, and needs no CSRF token" do
    register_one
    authenticate_by_generated("api_token")
    get("/tasks", "X-API-Token": "guessed")
    expect(status).to eq(401)
    get("/tasks", Authorization: "Bearer secret")
    expect(status).to eq(200)
    sign_in("somebody")
    post("/tasks", {name: "one", namespace: "shop"}, "X-API-Token": "secret")
    expect(status).to eq(201)
  end

  describe "by JWT" do
    # What of the gem jwt is used, where it is not installed.
    before do
      next if generated("authenticator", "Staff", "--type", "jwt") && defined?(JWT::DecodeError)

      decoder = Module.new do
        def self.decode(token, key, verify, algorithm:, **_more)
          raise const_get(:DecodeError) unless verify && token == "signed by #{key} with #{algorithm}"

          [{"sub" => 7}, {}]
        end
      end
      stub_const("JWT", decoder)
      stub_const("JWT::DecodeError", Class.new(StandardError))
    end

    def token = JWT.respond_to?(:encode) ? JWT.encode({sub: 7, exp: Time.now.to_i + 60}, "s" * 32, "HS256") : "signed by #{"s" * 32} with HS256"

    it "knows whoever has a token" do
      authenticate_by_generated("jwt", secret: "s" * 32)
      get("/tasks", Authorization: "Bearer guessed")
      expect(status).to eq(401)
      get("/tasks", Authorization: "Bearer #{token}")
      expect(status).to eq(200)
    end

    it "says what its options lack" do
      name = generated("authenticator", "Staff", "--type", "jwt")
      problems = ->(**options) { name.constantize.new.validate_configuration(options) }
      expect(problems.call(secret: "short")).to eq(["secret has fewer than 32 bytes"])
      expect(problems.call(algorithm: "RS256")).to eq(["public_key is missing"])
      expect(problems.call(algorithm: "none").first).to start_with("algorithm is none of HS256")
      hide_const("JWT")
      expect(problems.call(secret: "s" * 32)).to match([/gem "jwt"/])
    end
  end

  it "decides by the permissions of the user" do
    authenticate_by_generated("api_token")
    name = generated("authorization_coordinator", "StaffCoordinator", "--user-class", "Member")
    expect(name).to eq("Authorization::StaffCoordinator")
    Tasker.configure { |config| config.auth.assign(authorization_enabled: true, authorization_coordinator_class: name) }
    get("/tasks", "X-API-Token": "secret")
    expect(status).to eq(200)
    get("/workers", "X-API-Token": "secret")
    expect([status, body["error"]]).to eq([403, "Forbidden"])
  end
end
