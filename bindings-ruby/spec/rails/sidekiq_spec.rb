# frozen_string_literal: true

require_relative "rails_helper"

RSpec.describe "Workers inside Sidekiq" do
  include LiveWorkers

  before(:all) do
    @folder = Dir.mktmpdir("tasker-redis-")
    server = ["redis-server", "--port", "0", "--unixsocket", "#{@folder}/redis.sock", "--save", ""]
    @redis = spawn(*server, chdir: @folder, out: File::NULL)
    @application = Application.new(gems: %w[sidekiq])
    @application.rails("generate", "tasker:install")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge")
    @application.write("config/initializers/sidekiq.rb", "require 'tasker/sidekiq'\n")
    @application.write("app/tasks/shop/pay/charge.rb", <<~RUBY)
      class Shop::Pay::Charge < Tasker::StepHandler::Base
        def process(task, sequence, step)
          Rails.root.join("tmp/\#{task.task_id}").write(Process.pid)
          sleep(task.context[:seconds] || 0)
          { pid: Process.pid }
        end
      end
    RUBY
    @application.rails("db:prepare", **redis)
  end

  after(:all) do
    @application.destroy
    Process.kill(:TERM, @redis)
    Process.wait(@redis)
    FileUtils.rm_rf(@folder)
  end

  let(:application) { @application }
  let(:client) { Tasker::Client.new(database_url: Databases.at("#{application.database}_development")) }

  after { client.close }

  def redis = {REDIS_URL: "unix://#{@folder}/redis.sock"}

  def create_task(**context) = client.create_task("pay", namespace: "shop", context:).task_id

  it "run beside its jobs, and drain with it" do
    application.configure_databases { |all| all.each_value { |one| one["pool"] = 10 } }
    application.beside("bundle", "exec", "sidekiq", "-c", "2", **redis) do |sidekiq|
      wait_for_workers(1)
      task_id = create_task
      expect(client.wait(task_id, within_seconds: 30).status).to eq("complete")
      expect(client.step(task_id, "charge").results[:pid]).to eq(sidekiq.pid)

      task_id = create_task(seconds: 3)
      sleep 0.05 until File.exist?(application.path("tmp/#{task_id}"))
      sidekiq.signal(:TSTP)
      sidekiq.signal(:TERM)
      sidekiq.wait
      expect(client.step(task_id, "charge")).to have_attributes(status: "complete", attempts: 1)
    end
  end
end
