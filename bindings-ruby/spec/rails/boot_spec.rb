# frozen_string_literal: true

require_relative "rails_helper"

RSpec.describe "A Rails application" do
  before(:all) do
    @application = Application.new
    @application.rails("generate", "tasker:install")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge")
    @application.rails("generate", "model", "Order", "total:integer")
    @application.rails("db:prepare")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }

  def create_task(**context)
    application.evaluate("Tasker.create_task!('pay', namespace: 'shop', context: #{context.inspect}).task_id")
  end

  # What the step of a task returned.
  def results(task_id)
    application.evaluate("Tasker.client.wait(#{task_id.inspect}); Tasker.client.step(#{task_id.inspect}, 'charge').results")
  end

  def with_worker(*options)
    application.beside("bin/tasker", "worker", *options) do |worker|
      worker.wait_for(/worker \d+ runs Shop::Pay::Charge/)
      yield worker
    end
  end

  # With this in the place of what the handler does.
  def with_handler(ruby)
    handler = "app/tasks/shop/pay/charge.rb"
    before = application.read(handler)
    application.write(handler, before.sub("{ done: true }", ruby))
    yield
  ensure
    application.write(handler, before)
  end

  it "boots without a thread and without a connection of ours" do
    expect(application.evaluate(<<~RUBY)).to eq([[], [], 0])
      Rails.application.eager_load!
      threads = Thread.list.filter_map(&:name) + Dir.glob("/proc/self/task/*/comm").map { |file| File.read(file).strip }
      [threads.grep(/tasker/), Tasker::Worker.send(:const_get, :RUNNING), ActiveRecord::Base.connection_pool.stat[:connections]]
    RUBY
  end

  it "knows the application's database, logger and templates" do
    expect(application.evaluate("Tasker.framework_database_url")).to include("#{application.database}_development")
    expect(application.evaluate("Tasker.logger.equal?(Rails.logger)")).to be(true)
    expect(application.evaluate("Tasker.handlers.names")).to eq(["Shop::Pay::Charge"])
  end

  it "takes the section of its environment from templates, unless told otherwise" do
    expect(application.evaluate("Tasker.environment")).to eq("development")
    expect(application.evaluate("Tasker.environment", TASKER_ENV: "staging")).to eq("staging")
  end

  it "says which template is wrong, and how" do
    application.write("config/tasker/tasks/shop/broken.yaml", <<~YAML)
      name: broken
      step_templates:
        - {name: a, handler_class: Missing}
    YAML
    expect(application.rails("runner", "1", fails: true)).to include("broken.yaml", "Missing")
  ensure
    FileUtils.rm_f(application.path("config/tasker/tasks/shop/broken.yaml"))
  end

  it "runs steps by the newest code, in a worker that goes on" do
    with_worker do
      expect(results(create_task)).to eq("done" => true)
      with_handler("{ done: :anew }") { expect(results(create_task)).to eq("done" => "anew") }
    end
  end

  it "gives connections back after each step" do
    with_handler("{ held: ActiveRecord::Base.connection_pool.stat[:busy], one: Order.connection.select_value('select 1') }") do
      with_worker("--concurrency", "1") do
        2.times { expect(results(create_task)).to eq("held" => 0, "one" => 1) }
      end
    end
  end

  it "lowers the concurrency of a worker to ActiveRecord's pool" do
    with_worker("--concurrency", "50") do |worker|
      expect(worker.output).to include("5 handlers run at once and not 50")
    end
  end

  it "drains a worker on SIGTERM" do
    with_handler("sleep(task.context[:seconds]); { slept: true }") do
      with_worker do |worker|
        task_id = create_task(seconds: 2)
        sleep 1
        worker.signal(:TERM)
        expect(worker.wait).to be_success
        expect(results(task_id)).to eq("slept" => true)
      end
    end
  end

  it "ends a worker at once when SIGTERM comes again" do
    with_handler("sleep(task.context[:seconds]); { slept: true }") do
      application.beside("bin/rails", "tasker:worker") do |worker|
        worker.wait_for(/worker \d+ runs/)
        create_task(seconds: 60)
        sleep 1
        worker.signal(:TERM)
        worker.wait_for(/handlers may finish/)
        worker.signal(:TERM)
        expect(worker.wait.exitstatus).to eq(128 + Signal.list["TERM"])
      end
    end
  end

  it "runs the engine's own command in its database" do
    expect(application.run("bin/tasker", "worker", "list")).to match(/HEALTH|No workers match/)
    expect(application.run("bin/tasker", "task", "list", "--json")).to include("[")
  end

  it "boots without ActiveRecord and without ActiveJob" do
    said = application.run("ruby", "-rbundler/setup", "-e", <<~RUBY)
      require "action_controller/railtie"
      require "tmpdir"
      require "tasker"
      class Bare < Rails::Application
        config.eager_load = true
        config.logger = Logger.new(nil)
        config.root = Dir.mktmpdir
        config.secret_key_base = "none"
      end
      Bare.initialize!
      p Tasker.framework_database_url
    RUBY
    expect(said).to eq("nil\n")
  end
end
