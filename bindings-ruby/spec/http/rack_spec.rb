# frozen_string_literal: true

require_relative "http_helper"
require "timeout"

RSpec.describe "The interface as a Rack application", :database do
  include HttpHelper

  let(:app) { Rack::Lint.new(Tasker.http(client)) }

  def get(path, app = self.app, **env) = Rack::MockRequest.new(app).get(path, env.transform_keys(&:to_s))

  def post(path, body, app = self.app, **env)
    Rack::MockRequest.new(app).post(path, {input: body, "CONTENT_TYPE" => "application/json", **env.transform_keys(&:to_s)})
  end

  it "answers the recorded conversation" do
    Conversation.new.hold { |asked| answer_of(app, asked) }.each do |request, answer, expected|
      expect(answer).to eq(expected), "#{request}\nexpected #{expected}\n     got #{answer}"
    end
  end

  it "answers it under a prefix, of which links know" do
    mounted = Rack::URLMap.new("/tasker" => app)
    Conversation.new.hold { |asked| answer_of(mounted, asked, prefix: "/tasker") }.each do |request, answer, expected|
      expect(answer).to eq(expected), "#{request}\nexpected #{expected}\n     got #{answer}"
    end
    expect(JSON.parse(get("/tasker/openapi.json", mounted).body)["servers"]).to eq([{"url" => "/tasker"}])
  end

  it "reads the body of a request when it is asked for, and no further" do
    register_one
    lines = 100_000.times.lazy.map { %({"name": "one", "namespace": "shop"}\n) }
    read = 0
    input = Object.new
    input.define_singleton_method(:read) { |size| lines.drop(read).first(size / 36).tap { |some| read += some.size }.join }
    env = env_for("/tasks/bulk", method: "POST", "CONTENT_TYPE" => "application/x-ndjson").merge("rack.input" => input)
    status, _, body = Tasker.http(client).call(env)
    expect([status, read]).to eq([201, 0])

    first = body.enum_for(:each).first
    expect(JSON.parse(first.lines.first)["task_id"]).to match(/\h{8}-/)
    expect(read).to be_between(1, 99_999)
    body.close
    expect { body.each { |piece| piece } }.to raise_error(Tasker::ShuttingDownError, /given up/)
  end

  it "takes what a server has decoded, and headers that are no UTF-8" do
    env = env_for("/").merge("PATH_INFO" => "/handlers/zo\u00EB shop/work", "QUERY_STRING" => "version=\u{1F30D} x", "SCRIPT_NAME" => "/a")
    env.merge!("HTTP_X_NAME" => "\xE9".b, "HTTP_VERSION" => "HTTP/1.1", "REMOTE_ADDR" => "")
    head = JSON.parse(Tasker::Http::Head.of(env))
    expect(head).to include("target" => "/handlers/zo%C3%AB%20shop/work?version=%F0%9F%8C%8D%20x", "prefix" => "/a", "from" => nil)
    expect(head["headers"]).to include(["x-name", [0xE9]])
    expect(head["headers"].to_h).not_to have_key("version")
    expect(Tasker.http(client).call(env).first).to eq(404)
  end

  it "leaves a header that is no UTF-8 to the interface" do
    register_one
    body = JSON.generate(name: "one", namespace: "shop")
    answers = ["caf\xE9", "caf\xE8"].map { |key| post("/tasks", body, HTTP_IDEMPOTENCY_KEY: key.b) }
    expect(answers.map(&:status)).to eq([400, 400])
    expect(answers.map(&:body)).to all(include("the header idempotency-key is no UTF-8"))
    expect(client.list_tasks.to_a).to be_empty
    expect(get("/tasks", HTTP_X_NOTE: "caf\xE9".b).status).to eq(200)
  end

  it "refuses a query that is too long, and a target that is none" do
    answers = [65_000, 70_000].map { |length| get("/tasks", QUERY_STRING: "name=#{"x" * length}").status }
    expect(answers).to eq([200, 414])
    expect(Tasker.http(client).call(env_for("/").merge("REQUEST_METHOD" => "G T")).first).to eq(400)
  end

  describe "with the body of a request that was cut off" do
    def cut_off(path, type, body)
      env_for(path, :method => "POST", :input => body, "CONTENT_TYPE" => type, "CONTENT_LENGTH" => (body.bytesize + 83).to_s)
    end

    before { register_one }

    it "takes none of it" do
      answer = Rack::MockResponse.new(*app.call(cut_off("/tasks", "application/json", %({"name": "one", "namespace": "shop"}))))
      expect([answer.status, answer.content_type]).to eq([400, "application/problem+json"])
      expect(JSON.parse(answer.body)["detail"]).to eq("the body ends 83 bytes before its Content-Length")
      expect(client.list_tasks.to_a).to be_empty
    end

    it "breaks off an answer that has begun" do
      line = %({"name": "one", "namespace": "shop"}\n)
      _, _, body = app.call(cut_off("/tasks/bulk", "application/x-ndjson", line))
      expect { body.each { |piece| piece } }.to raise_error(Tasker::Http::BrokenAnswerError, /83 bytes before/)
    end
  end

  it "refuses options that do not exist" do
    expect { Tasker.http(client, body_byte: 1) }.to raise_error(ArgumentError, /did you mean 'body_bytes'/)
    expect { Tasker.http(client, decide: -> {}) }.to raise_error(ArgumentError, /give both/)
    expect(post("/tasks", %({"name": "#{"x" * 100}"}), Tasker.http(client, body_bytes: 50)).status).to eq(413)
  end

  it "is the client of the process where none is given" do
    allow(Tasker).to receive(:client).and_return(client)
    expect(get("/tasks", Tasker.http).status).to eq(200)
  end

  describe "with somebody who says who asks" do
    let(:people) { {"vera" => {name: "vera", roles: ["viewer"]}, "cora" => {name: "cora", permissions: ["*"], ambient: true}} }
    let(:app) { Tasker.http(client, principal: ->(env) { people[env["HTTP_X_USER"]] }) }

    before { register_one }

    it "lets in whom they know, and everybody to the probes" do
      expect(get("/tasks").status).to eq(401)
      expect(get("/health/live").status).to eq(200)
      expect(get("/tasks", HTTP_X_USER: "vera").status).to eq(200)
      expect(post("/tasks", "{}", HTTP_X_USER: "vera").status).to eq(403)
    end

    it "asks nobody at probes" do
      asked = Tasker.http(client, principal: ->(_env) { raise "asked" })
      expect(%w[/health/live /health/ready].map { |path| get(path, asked).status }).to eq([200, 200])
    end

    it "takes names and roles as Rack and Ruby have them" do
      people["zoe"] = {"name" => "Zoë".b, :roles => [:viewer]}
      expect(get("/tasks", HTTP_X_USER: "zoe").status).to eq(200)
    end

    {
      {name: 7} => "'name' of a principal is a String of UTF-8 or nil, not 7",
      {name: "\xE9"} => "'name' of a principal is a String of UTF-8 or nil, not \"\\xE9\"",
      {roles: "viewer"} => "'roles' of a principal is an Array of Strings of UTF-8, not \"viewer\"",
      {permissions: [7]} => "'permissions' of a principal is an Array of Strings of UTF-8, not [7]",
      {ambient: "no"} => "'ambient' of a principal is true, false or nil, not \"no\"",
      {role: "viewer"} => "a principal has no 'role'; did you mean 'roles'?",
      "vera" => "principal: gives a Hash or nil, not \"vera\""
    }.each do |wrong, why|
      it "says in the log that #{why}" do
        people["otto"] = wrong
        said = StringIO.new
        allow(Tasker).to receive(:logger).and_return(Logger.new(said))
        answer = get("/tasks", HTTP_X_USER: "otto")
        expect([answer.status, answer.content_type]).to eq([500, "application/problem+json"])
        expect(answer.body).to include("the log has why").and(satisfy { |body| !body.include?("principal") })
        expect(said.string).to include(why)
      end
    end

    it "takes no change by a cookie alone, but from a page of this site" do
      body = JSON.generate(name: "one", namespace: "shop")
      expect(post("/tasks", body, HTTP_X_USER: "cora").status).to eq(403)
      expect(post("/tasks", body, HTTP_X_USER: "cora", HTTP_SEC_FETCH_SITE: "same-origin").status).to eq(201)
    end

    it "writes their name into the trail" do
      people["otto"] = {name: "otto", permissions: ["*"]}
      task_id = create_one
      expect(post("/tasks/#{task_id}/cancel", "", HTTP_X_USER: "otto", REMOTE_ADDR: "10.0.0.7").status).to eq(200)
      expect(client.transitions(task_id).last.metadata.to_h).to include("by" => "otto")
    end

    it "asks about each thing, where it is to decide" do
      asked = []
      deciding = Tasker.http(client, principal: ->(_env) { {name: "dora"} }, decide: lambda do |question, env|
        asked << question
        env["HTTP_X_MAY"] == "yes"
      end)
      task_id = create_one
      expect(get("/tasks/#{task_id}/workflow_steps/only", deciding, HTTP_X_MAY: "yes").status).to eq(200)
      expect(get("/tasks/#{task_id}/workflow_steps/only", deciding).status).to eq(403)
      expect(asked.uniq).to eq([{"resource" => "tasker.workflow_step", "action" => "show", "resource_id" => "only", "parent_id" => task_id}])
    end

    it "does nothing where it cannot be decided" do
      broken = Tasker.http(client, principal: ->(_env) { {name: "dora"} }, decide: ->(*) { raise "no database" })
      answer = get("/tasks", broken)
      expect(answer.status).to eq(500)
      expect(answer.body).not_to include("no database")
    end
  end

  describe "a stream of events" do
    let(:events) { ["data: 1\n\n", "data: 2\n\n"] }
    let(:native) { instance_double(Tasker::Native::Exchange, cancel: nil) }
    let(:exchange) do
      allow(Tasker::Native::Mount).to receive(:new).and_return(double(begin: native))
      Tasker::Http::Exchange.begin(client, {}, "{}", env)
    end
    let(:env) { env_for("/graphql").merge("rack.hijack?" => true) }

    before do
      head = JSON.generate(status: 200, headers: [["content-type", "text/event-stream"], ["vary", "a"], ["vary", "b"]])
      allow(native).to receive(:next).and_return([:head, head], *events.map { |event| [:chunk, event] }, [:end, nil])
    end

    it "goes over the connection that the server hands over, on a thread of its own" do
      status, headers, body = exchange.answer
      connection = StringIO.new
      thread = headers["rack.hijack"].call(connection)
      # As Puma does.
      body.close
      thread.join
      expect([status, headers["vary"], connection.string]).to eq([200, "a, b", events.join])
      expect(connection).to be_closed
      expect(native).not_to have_received(:cancel)
    end

    it "is given up when the client has gone away" do
      _, headers, = exchange.answer
      connection = double(close: nil)
      allow(connection).to receive(:write).and_raise(Errno::EPIPE)
      headers["rack.hijack"].call(connection).join
      expect(native).to have_received(:cancel)
    end

    it "is a body like others where a server hands nothing over" do
      env.delete("rack.hijack?")
      _, headers, body = exchange.answer
      expect(headers).not_to have_key("rack.hijack")
      expect(body.enum_for(:each).to_a).to eq(events)
    end
  end

  it "can be interrupted while it waits" do
    client.list_tasks
    connected do |connection|
      connection.exec("begin; lock table tasker.tasks")
      expect { Timeout.timeout(0.2) { Tasker.http(client).call(env_for("/tasks?fields=task_id")) } }.to raise_error(Timeout::Error)
    end
  end
end
