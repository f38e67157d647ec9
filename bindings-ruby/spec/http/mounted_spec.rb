# frozen_string_literal: true

require_relative "http_helper"
require_relative "support/shop"

RSpec.describe "The interface mounted in Rails", :database do
  include HttpHelper
  include InShop

  it "answers the recorded conversation" do
    Conversation.new.hold { |asked| answer_of(Shop.booted, asked, prefix: "/tasker") }.each do |request, answer, expected|
      expect(answer).to eq(expected), "#{request}\nexpected #{expected}\n     got #{answer}"
    end
    get("/openapi.json")
    expect(body["servers"]).to eq([{"url" => "/tasker"}])
  end

  it "has the routes of tasker-engine 1.0 by their names" do
    tasker = Class.new { include Shop.booted.routes.mounted_helpers }.new.tasker
    task = Tasker::Task.new.tap { |new| new.task_id = "0198c0de-0000-7000-8000-000000000000" }
    step = Tasker::WorkflowStep.new.tap { |new| new.step_no = 2 }
    paths = [
      tasker.tasks_path, tasker.task_path(task), tasker.task_workflow_steps_path(task), tasker.task_workflow_step_path(task, step),
      tasker.handlers_path, tasker.handler_path("shop.eu", "one"), tasker.health_ready_path, tasker.health_live_path,
      tasker.health_status_path, tasker.metrics_path, tasker.graphql_path, tasker.analytics_performance_path, tasker.root_path
    ]
    id = task.task_id
    expect(paths).to eq(%W[
      /tasker/tasks /tasker/tasks/#{id} /tasker/tasks/#{id}/workflow_steps /tasker/tasks/#{id}/workflow_steps/2 /tasker/handlers
      /tasker/handlers/shop.eu/one /tasker/health/ready /tasker/health/live /tasker/health/status /tasker/metrics /tasker/graphql
      /tasker/analytics/performance /tasker/
    ])
  end

  it "opens everything where nobody asks who it is, but not in a declared production" do
    get("/tasks")
    expect(status).to eq(200)

    said, = run_program(<<~RUBY, RAILS_ENV: "production")
      require "tasker"
      answer = ->(app, path) { app.call({"REQUEST_METHOD" => "GET", "PATH_INFO" => path}).first }
      client = Tasker::Client.new(database_url: #{database_url.dump})
      told = Tasker.http(client, allow_unauthenticated: true)
      print [answer.(Tasker.http(client), "/tasks"), answer.(Tasker.http(client), "/health/live"), answer.(told, "/tasks")]
      client.close
    RUBY
    expect(said).to eq("[401, 200, 200]")
  end

  it "makes the body of an answer as it is taken" do
    register_one
    lines = %({"name": "one", "namespace": "shop"}\n) * 20_000
    input = StringIO.new(lines)
    env = env_for("/tasker/tasks/bulk", method: "POST", "CONTENT_TYPE" => "application/x-ndjson").merge("rack.input" => input)
    status, _, body = Shop.booted.call(env)
    expect([status, input.pos]).to eq([201, 0])

    first = body.enum_for(:each).first
    expect(JSON.parse(first.lines.first)["task_id"]).to match(/\h{8}-/)
    expect(input.pos).to be_between(1, lines.bytesize - 1)
    body.close
    expect(client.list_tasks(limit: 1)).not_to be_empty
  end

  it "runs filters of the application, by the names of the actions" do
    seen = []
    filter = ->(controller) { seen << [controller.action_name, controller.params.to_unsafe_h.slice("id", "task_id", "limit")] }
    Tasker::ApiController.before_action(filter, only: %i[index show])
    get("/tasks?limit=3")
    get("/tasks/7/workflow_steps/2")
    post("/tasks")
    get("/templates")
    expect(seen).to eq([["index", {"limit" => "3"}], ["show", {"id" => "2", "task_id" => "7"}]])
  ensure
    Tasker::ApiController.skip_before_action(filter, only: %i[index show])
  end

  it "leaves what a filter has rendered" do
    filter = ->(controller) { controller.render(plain: "closed", status: 418) }
    Tasker::ApiController.before_action(filter)
    get("/tasks")
    expect([status, shop.response.body]).to eq([418, "closed"])
  ensure
    Tasker::ApiController.skip_before_action(filter)
  end

  it "reads a body from its beginning that somebody has read before" do
    register_one
    input = StringIO.new(JSON.generate(name: "one", namespace: "shop")).tap(&:read)
    env = env_for("/tasker/tasks", method: "POST", "CONTENT_TYPE" => "application/json").merge("rack.input" => input)
    expect(Shop.booted.call(env).first).to eq(201)
  end
end
