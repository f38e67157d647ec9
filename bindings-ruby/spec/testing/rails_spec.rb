# frozen_string_literal: true

require_relative "../rails/rails_helper"

# What the helpers are in a Rails application, where everything goes over ActiveRecord's pinned connection.
RSpec.describe "The helpers in a Rails application" do
  before(:all) do
    @application = Application.new(gems: %w[rspec-rails])
    @application.rails("generate", "rspec:install")
    @application.rails("generate", "tasker:install")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge", "ship")
    @application.rails("generate", "model", "payment", "amount:integer", "--no-test-framework")
    @application.write("app/tasks/shop/pay/charge.rb", <<~RUBY)
      class Shop::Pay::Charge < Tasker::StepHandler::Base
        def process(task, sequence, step)
          step.complete_in_transaction { { payments: Payment.create!(amount: task.context[:amount]) && Payment.count } }
        end
      end
    RUBY
    @application.write("app/controllers/payments_controller.rb", <<~RUBY)
      class PaymentsController < ActionController::API
        def create
          created = Tasker.create_task!("pay", namespace: "shop", context: { amount: params[:amount].to_i })
          Tasker::TaskRunnerJob.perform_later(created.task_id)
          render json: { task_id: created.task_id }
        end
      end
    RUBY
    @application.write("config/routes.rb", "Rails.application.routes.draw { resources :payments, only: :create }\n")
    @application.rails("db:prepare")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }

  # What is left in the test database when all tests have run.
  def left = %w[tasker.tasks payments].map { |table| application.query("test", "select count(*) from #{table}").first.to_i }

  it "work in tests of Minitest" do
    application.write("test/tasks/kit_test.rb", <<~RUBY)
      require "test_helper"

      class KitTest < ActiveSupport::TestCase
        include Tasker::SpecHelpers
        include ActiveJob::TestHelper

        def request = { namespace: "shop", context: { amount: 7 } }

        def handler = Tasker::HandlerFactory.instance.get("pay", namespace_name: "shop")

        test "models see what was run, and handlers what the test has made" do
          Payment.create!(amount: 1)
          result = run_task_workflow("pay", **request)
          assert_workflow_complete result
          assert_step_complete result, "charge", results: { payments: 2 }
          task = Tasker::Task.find(result.task_id)
          assert_equal "complete", task.status
          assert_equal %w[charge ship], task.workflow_steps.map(&:name)
        end

        test "task handlers create and run in the transaction" do
          fail_step("ship", with: "closed")
          task = handler.initialize_task!(Tasker::Types::TaskRequest.new(name: "pay", **request))
          assert_equal "in_progress", handler.handle(task).status
          assert_equal "error", task.reload.step("ship").status
          assert_equal "complete", handler.handle(task, wait: true).status
          assert_equal "complete", task.reload.status
        end

        test "what records do by the engine is done in the transaction" do
          task = Tasker::Task.find(create_task_workflow("pay", **request).task_id)
          task.update!(tags: %w[red], reason: "asked")
          task.step("ship").update!(retry_limit: 1)
          fail_step("ship", times: nil, with: "closed")
          assert_workflow_failed run_task_workflow(task), at: "ship"
          assert_equal ["asked", %w[red]], task.reload.attributes.values_at("reason", "tags")
          task.step("ship").resolve!({ shipped: "by hand" }, by: "ada")
          assert_equal "complete", task.reload.status
        end

        test "jobs run in the transaction" do
          created = Tasker.create_task!("pay", **request)
          fail_step("ship", with: "closed", retry_after: 60)
          Tasker::TaskRunnerJob.perform_now(created.task_id)
          assert_enqueued_jobs 1, only: Tasker::TaskRunnerJob
          travel 61
          perform_enqueued_jobs
          assert_equal "complete", Tasker::Task.find(created.task_id).status
        end

        test "coordinators work on records" do
          Tasker::Testing::TestCoordinator.activate!
          Tasker::Testing::TestCoordinator.configure_step_failure("ship", failure_count: 2)
          task = handler.initialize_task!(Tasker::Types::TaskRequest.new(name: "pay", **request))
          assert Tasker::Testing::TestCoordinator.process_task_production_path(task)
          assert_equal 3, task.reload.step("ship").attempts
        ensure
          Tasker::Testing::TestCoordinator.deactivate!
        end

        test "it is right wherever its process dies" do
          assert_survives_crashes(crash_everywhere("pay", **request) { assert_equal 1, Payment.count })
        end

        test "a live worker is refused" do
          assert_raises(Tasker::Testing::OpenTransactionError) { run_live_workflow("pay", **request) }
        end
      end

      class KitRequestTest < ActionDispatch::IntegrationTest
        include Tasker::SpecHelpers
        include ActiveJob::TestHelper

        test "a request creates a task, which the test runs" do
          post "/payments", params: { amount: 7 }
          assert_equal 1, Tasker::Task.count
          assert_workflow_complete run_task_workflow(Tasker::Task.find(response.parsed_body["task_id"]))
          assert_equal [7], Payment.pluck(:amount)
        end

        test "or the job that the request enqueues" do
          perform_enqueued_jobs { post "/payments", params: { amount: 7 } }
          assert_equal ["complete"], Tasker::Task.all.map(&:status)
        end
      end
    RUBY
    expect(application.rails("test", "test/tasks/kit_test.rb")).to match(/9 runs, \d+ assertions, 0 failures, 0 errors/)
    expect(left).to eq([0, 0])
  end

  it "have live workers on what is committed" do
    application.write("test/tasks/live_test.rb", <<~RUBY)
      require "test_helper"

      class LiveTest < ActiveSupport::TestCase
        include Tasker::SpecHelpers
        self.use_transactional_tests = false

        # What is committed stays, and is the test's to clear.
        teardown { ActiveRecord::Base.lease_connection.truncate_tables("payments", "tasker.tasks") }

        test "run on threads of their own" do
          result = run_live_workflow("pay", namespace: "shop", context: { amount: 7 })
          assert_workflow_complete result
          assert_executed_steps %w[charge ship], result
          assert_equal [7], Payment.pluck(:amount)
        end
      end
    RUBY
    expect(application.rails("test", "test/tasks/live_test.rb")).to match(/1 runs, \d+ assertions, 0 failures, 0 errors/)
    expect(left).to eq([0, 0])
  end

  it "work in specs of RSpec" do
    application.write("spec/workflows/kit_spec.rb", <<~RUBY)
      require "rails_helper"

      RSpec.describe "Shop" do
        include Tasker::SpecHelpers
        include ActiveSupport::Testing::TimeHelpers

        2.times do |number|
          it "pays, and leaves nothing: \#{number}" do
            expect(Payment.count).to eq(0)
            result = run_task_workflow("pay", namespace: "shop", context: { amount: 7 })
            expect(result).to complete_workflow.and have_completed_step("charge").with_results(payments: 1)
          end
        end

        it "is when the test is" do
          travel_to Time.utc(2020, 2, 29, 12)
          result = run_task_workflow("pay", namespace: "shop", context: { amount: 7 })
          expect(Tasker::Task.find(result.task_id).created_at).to eq(Time.utc(2020, 2, 29, 12))
        end
      end
    RUBY
    expect(application.run("bundle", "exec", "rspec", "spec/workflows/kit_spec.rb")).to include("3 examples, 0 failures")
    expect(left).to eq([0, 0])
  end
end
