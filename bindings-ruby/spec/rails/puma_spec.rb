# frozen_string_literal: true

require_relative "rails_helper"
require "net/http"
require "socket"

RSpec.describe "Workers inside Puma" do
  include LiveWorkers

  before(:all) do
    @application = Application.new
    @application.rails("generate", "tasker:install", "--puma")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge")
    @application.write("app/tasks/shop/pay/charge.rb", <<~RUBY)
      class Shop::Pay::Charge < Tasker::StepHandler::Base
        def process(task, sequence, step)
          Rails.root.join("tmp/\#{task.task_id}").write(Process.pid)
          sleep(task.context[:seconds] || 0) if step.attempt == 1
          { pid: Process.pid }
        end
      end
    RUBY
    @application.rails("db:prepare")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }
  let(:port) { TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] } }
  let(:client) { Tasker::Client.new(database_url: Databases.at("#{application.database}_development")) }

  after { client.close }

  def create_task(**context) = client.create_task("pay", namespace: "shop", context:).task_id

  # The process that ran a task.
  def ran_in(task_id)
    expect(client.wait(task_id, within_seconds: 30).status).to eq("complete")
    client.step(task_id, "charge").results[:pid]
  end

  # The processes that run tasks: one of them may take a whole batch before the other one looks.
  def pids_of_two
    late = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 30
    pids = Set.new
    until pids.size >= 2 || Process.clock_gettime(Process::CLOCK_MONOTONIC) > late
      Array.new(20) { create_task(seconds: 0.2) }.each { |task_id| pids << ran_in(task_id) }
    end
    pids
  end

  def running(task_id)
    file = application.path("tmp/#{task_id}")
    sleep 0.05 until File.exist?(file) && File.size(file).positive?
    File.read(file).to_i
  end

  # Puma's own race, in the Debian that this runs in: the thread that tells a process of a cluster to end by `IO#<<`, and the one
  # that is told and does `IO#close`, may wait for each other for ever (puma/puma#3677, mended in 2026). What is written without the
  # lock of the stream is waited for by nobody.
  def without_pumas_race
    <<~RUBY
      Puma::Server.prepend(Module.new do
        private def notify_safely(message)
          @notify.write_nonblock(message)
        rescue IOError, NoMethodError, SystemCallError
          Puma::Util.purge_interrupt_queue
        end
      end)
    RUBY
  end

  def puma(configuration, **environment, &)
    threads = "threads 3, 3\nport #{port}\nplugin :tasker\npidfile 'tmp/puma.pid'\n"
    application.write("config/puma_spec.rb", without_pumas_race + threads + configuration)
    environment = {RAILS_MAX_THREADS: "10", TASKER_EXECUTION__LEASE_SECONDS: "2", **environment}
    application.configure_databases { |all| all.each_value { |one| one["pool"] = 10 } }
    application.beside("bundle", "exec", "puma", "-C", "config/puma_spec.rb", **environment, &)
  end

  it "run in its one process, and drain with it" do
    puma("workers 0\n") do |server|
      wait_for_workers(1)
      expect(ran_in(create_task)).to eq(server.pid)

      task_id = create_task(seconds: 2)
      running(task_id)
      server.signal(:TERM)
      server.wait
      expect(client.task(task_id).status).to eq("complete")
      expect(server.output).not_to match(/warning/i)
    end
  end

  {"with preload_app!" => "preload_app!\n", "without preload_app!" => "preload_app! false\n"}.each do |how, line|
    it "run in each process of a cluster #{how}, and none in the master" do
      puma("workers 2\n#{line}") do |server|
        wait_for_workers(2)
        expect(pids = pids_of_two).to have_attributes(size: 2)
        expect(pids).not_to include(server.pid)
        expect(server.output).not_to include("Detected")

        server.signal(:TERM)
        server.wait
        wait_for_workers(0)
      end
    end
  end

  it "run in a cluster whose master has used the engine before it forked" do
    application.write("config/initializers/used.rb", "Rails.application.config.after_initialize { Tasker.client.list_tasks }\n")
    puma("workers 2\npreload_app!") do
      wait_for_workers(2)
      expect(Array.new(5) { create_task }.map { |task_id| ran_in(task_id) }).to all(be_positive)
    end
  ensure
    FileUtils.rm_f(application.path("config/initializers/used.rb"))
  end

  it "leave nothing undone in a phased restart" do
    puma("workers 2\npreload_app! false\nworker_shutdown_timeout 20\n") do |server|
      wait_for_workers(2)
      task_ids = Array.new(4) { create_task(seconds: 3) }
      before = task_ids.map { |task_id| running(task_id) }
      server.signal(:USR1)
      server.wait_for(/Worker 1 \(PID: \d+\) booted in [\d.]+s, phase: 1/)
      expect(task_ids.map { |task_id| client.wait(task_id).status }.uniq).to eq(["complete"])
      expect(task_ids.map { |task_id| client.step(task_id, "charge").attempts }.uniq).to eq([1])
      expect(before).not_to include(ran_in(create_task))
    end
  end

  it "lose no step when a process is killed" do
    puma("workers 1\npreload_app!\n") do |server|
      wait_for_workers(1)
      task_id = create_task(seconds: 60)
      killed = running(task_id)
      server.signal(:KILL, killed)
      expect(ran_in(task_id)).not_to eq(killed)
      expect(client.step(task_id, "charge").attempts).to eq(2)
    end
  end

  it "do not keep a server from booting that has no database" do
    puma("workers 0\n", TASKER_DATABASE_URL: "postgres:///nothing?host=/nowhere") do |server|
      server.wait_for(/Use Ctrl-C to stop/)
      expect(Net::HTTP.get_response("127.0.0.1", "/up", port).code).to eq("200")
      server.signal(:TERM)
      server.wait
    end
  end
end
