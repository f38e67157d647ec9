# frozen_string_literal: true

require_relative "http_helper"
require_relative "support/shop"

RSpec.describe "What may be done, where the interface is mounted in Rails", :database do
  include HttpHelper
  include InShop

  # Whoever has a name asks.
  let(:authenticator) do
    Class.new do
      include Tasker::Authentication::Interface

      def authenticate!(controller) = nil

      def current_user(controller) = controller.request.headers["X-User"]&.then { |name| InShop::User.new(name, [name]) }
    end
  end
  let(:asked) { [] }
  # Remembers what it was asked, and lets readers read.
  let(:coordinator) do
    asked = self.asked
    Class.new(Tasker::Authorization::BaseCoordinator) do
      protected

      define_method(:authorized?) do |resource, action, context = {}|
        asked << [resource, action, context]
        user.tasker_admin? || %i[index show].include?(action)
      end
    end
  end

  before do
    register_one
    authenticate_by(authenticator)
  end

  it "is everything where nobody decides" do
    post("/tasks", {name: "one", namespace: "shop"}, "X-User": "vera")
    expect(status).to eq(201)
  end

  it "is said by the coordinator" do
    authorize_by(coordinator)
    task_id = create_one
    get("/tasks/#{task_id}", "X-User": "vera")
    expect(status).to eq(200)
    post("/tasks/#{task_id}/cancel", {}, "X-User": "vera")
    expect([status, body]).to eq([403, {"error" => "Forbidden", "message" => "Not authorized to cancel on tasker.task"}])
    expect(client.task(task_id).status).to eq("pending")
    post("/tasks/#{task_id}/cancel", {}, "X-User": "admin")
    expect(status).to eq(200)
  end

  it "is asked with the controller, the parameters, the user and the ids" do
    authorize_by(coordinator)
    task_id = create_one
    get("/tasks/#{task_id}/workflow_steps/only?limit=3", "X-User": "vera")
    get("/tasks", "X-User": "vera")
    (resource, action, context), (*, list) = asked
    expect([resource, action]).to eq(["tasker.workflow_step", :show])
    expect(context).to include(resource_id: "only", parent_resource_id: task_id, user: InShop::User.new("vera", ["vera"]))
    expect(context[:controller]).to be_a(Tasker::ApplicationController)
    expect(context[:params]).to include(task_id:, "id" => "only", "limit" => "3")
    expect(list).to include(resource_id: nil, parent_resource_id: nil)
  end

  it "is nothing by the coordinator that the engine brings" do
    Tasker.configure { |config| config.auth.authorization_enabled = true }
    get("/tasks", "X-User": "admin")
    expect([status, body["message"]]).to eq([403, "Not authorized to index on tasker.task"])
    get("/health/live")
    expect(status).to eq(200)
  end

  it "is decided for nobody in particular where nobody has to say who they are" do
    Tasker.configure { |config| config.auth.authentication_enabled = false }
    authorize_by(Class.new(Tasker::Authorization::BaseCoordinator) do
      protected

      def authorized?(resource, _action, context = {}) = user.nil? && resource == "tasker.task"
    end)
    get("/tasks")
    expect(status).to eq(200)
    get("/workers")
    expect(status).to eq(403)
  end

  it "is not decided where the coordinator is missing, or lacks its method, or fails" do
    Tasker.configure { |config| config.auth.assign(authorization_enabled: true, authorization_coordinator_class: "Nobody") }
    get("/tasks", "X-User": "vera")
    expect([status, body["error"]]).to eq([500, "Authorization Configuration Error"])
    authorize_by(Class.new { def initialize(_user) = nil })
    get("/tasks", "X-User": "vera")
    expect([status, body["error"]]).to eq([500, "Authorization Interface Error"])
    authorize_by(Class.new(coordinator) { def authorized?(*) = raise(IOError, "no directory") })
    expect { get("/tasks", "X-User": "vera") }.to raise_error(IOError, "no directory")
  end

  describe "a coordinator" do
    let(:nobody) { Tasker::Authorization::BaseCoordinator.new }

    it "lets everything be done where authorization is not enabled" do
      expect(nobody.can?("tasker.task", :show)).to be(true)
      expect(nobody.authorize!("tasker.task", :show)).to be(true)
    end

    it "knows what can be permitted" do
      Tasker.configure { |config| config.auth.authorization_enabled = true }
      expect(nobody.can?("tasker.task", "show")).to be(false)
      expect { nobody.authorize!("tasker.task", :show) }
        .to raise_error(Tasker::Authorization::UnauthorizedError, "Not authorized to show on tasker.task")
      expect { nobody.can?("tasker.task", :fly) }.to raise_error(ArgumentError, "Unknown resource:action 'tasker.task:fly'")
    end
  end

  it "has a registry, which is the engine's" do
    registry = Tasker::Authorization::ResourceRegistry
    expect(Tasker::Authorization.resources).to include("tasker.task", "tasker.workflow_step", "tasker.health_status", "tasker.analytics")
    expect(Tasker::Authorization.all_permissions).to include("tasker.task:retry", "tasker.handler:show")
    expect(Tasker::Authorization.resource_exists?("tasker.task")).to be(true)
    expect(Tasker::Authorization.action_exists?("tasker.task", "cancel")).to be(true)
    expect(Tasker::Authorization.action_exists?("tasker.nothing", :show)).to be(false)
    expect(registry.actions_for_resource("tasker.handler")).to eq(%i[index show])
    expect(registry.resource_description("tasker.workflow_step")).to eq("Workflow steps")
    expect(Tasker::Authorization::ResourceConstants::RESOURCES::WORKFLOW_STEP).to eq("tasker.workflow_step")
    expect(Tasker::Authorization::ResourceConstants::ACTIONS::RESOLVE).to eq(:resolve)
  end

  describe "a user" do
    let(:user_class) do
      Struct.new(:grants, :roles, :role) do
        include Tasker::Concerns::Authorizable

        configure_tasker_authorization permission_method: :grants
      end
    end

    it "has permissions and roles" do
      user = user_class.new(%w[tasker.task:show tasker.task:index], [Struct.new(:name).new("clerk")])
      expect(user.all_tasker_permissions).to eq(%w[tasker.task:show tasker.task:index])
      expect(user.has_tasker_permission?("tasker.task:show")).to be(true)
      expect(user.tasker_permissions_for_resource("tasker.task").size).to eq(2)
      expect(user.can_access_tasker_resource?("tasker.worker")).to be(false)
      expect([user.tasker_roles, user.tasker_admin?]).to eq([["clerk"], false])
    end

    it "is an admin by a role" do
      expect(user_class.new([], [:admin]).tasker_admin?).to be(true)
      expect(user_class.new([], [], "admin").can_access_tasker_resource?("tasker.worker")).to be(true)
      expect { user_class.configure_tasker_authorization(roles_method: :x) }.to raise_error(ArgumentError, /did you mean 'role_method'/)
    end
  end
end
