# frozen_string_literal: true

require_relative "rails_helper"
require "tasker/new_command"

RSpec.describe "A new Rails application" do
  before(:all) do
    @application = Application.new("--template=#{Tasker::NewCommand::TEMPLATE}")
    @application.rails("db:prepare")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }

  it "has a workflow, and tests of Minitest that run it" do
    expect(application.rails("test", "test/tasks")).to match(/4 runs, \d+ assertions, 0 failures, 0 errors/)
  end

  it "has authenticators and a coordinator, and tests of Minitest that run them" do
    %w[custom devise jwt api_token omniauth].each { |type| application.rails("generate", "tasker:authenticator", "by_#{type}", "--type", type) }
    application.rails("generate", "tasker:authorization_coordinator", "staff")
    expect(application.rails("test", "test/tasker")).to match(/18 runs, \d+ assertions, 0 failures, 0 errors/)
  end

  it "has the interface over HTTP where it is mounted" do
    routes = application.read("config/routes.rb")
    application.write("config/routes.rb", routes.sub(/^end/, %(  mount Tasker::Engine, at: "/tasker"\nend)))
    application.write("test/integration/tasker_test.rb", <<~RUBY)
      require "test_helper"

      class TaskerTest < ActionDispatch::IntegrationTest
        test "answers" do
          get tasker.tasks_path(limit: 1)
          assert_response :success
          assert_equal [], response.parsed_body["tasks"]
          post tasker.tasks_path, params: { name: "nobody" }, as: :json
          assert_response :unprocessable_entity
        end
      end
    RUBY
    expect(application.rails("test", "test/integration")).to match(/1 runs, 3 assertions, 0 failures, 0 errors/)
  ensure
    application.write("config/routes.rb", routes)
  end

  it "runs a task that was created" do
    task_id = application.evaluate(<<~RUBY)
      Tasker.create_task!("process_order", namespace: "shop", context: {order_id: 1}).task_id
    RUBY
    application.beside("bin/tasker", "worker") do |worker|
      worker.wait_for(/worker \d+ runs/)
      expect(application.evaluate("Tasker.client.wait(#{task_id.inspect}).status")).to eq("complete")
      worker.signal(:TERM)
      expect(worker.wait).to be_success
    end
  end

  it "is what `tasker new` makes" do
    allow(Tasker::NewCommand).to receive(:system).and_return(true)
    expect(Tasker::NewCommand.run(%w[rails my_app --api])).to eq(0)
    expect(Tasker::NewCommand).to have_received(:system)
      .with("rails", "new", "my_app", "--database=postgresql", "--template=#{Tasker::NewCommand::TEMPLATE}", "--api")
  end

  it "needs a name" do
    expect { expect(Tasker::NewCommand.run(%w[rails])).to eq(2) }.to output(/usage: tasker new rails NAME/).to_stderr
  end
end
