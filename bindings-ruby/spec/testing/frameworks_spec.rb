# frozen_string_literal: true

require_relative "testing_helper"

# Programs of their own, since what a framework has loaded stays loaded.
RSpec.describe "The helpers in other frameworks", :database do
  # A workflow whose handlers write to the application's table.
  let(:application) { <<~RUBY }
    require "tasker/spec_helpers"

    class Charge < Tasker::StepHandler::Base
      def process(task, _sequence, step)
        Payment.transaction do
          Payment.create!(amount: task.context[:price])
          raise ActiveRecord::Rollback if step.attempt == 1
        end
        {payments: Payment.count}
      end
    end

    class Book < Tasker::StepHandler::Base
      def process(_task, _sequence, step)
        step.complete_in_transaction(ActiveRecord::Base) { {booked: Payment.create!(amount: 1).amount} }
      end
    end

    class PayHandler
      include Tasker::TaskHandler
      register_handler "pay", version: "1.0.0"
      define_step_templates do |templates|
        templates.define(name: "charge", handler_class: Charge)
        templates.define(name: "book", depends_on_step: "charge", handler_class: Book)
      end
    end
  RUBY

  # A program with tests for Minitest and ActiveRecord.
  def minitest(tests)
    run_program(<<~RUBY, DATABASE: database_url, MT_NO_PLUGINS: "1")
      require "active_record"
      require "active_support/test_case"
      require "active_support/testing/time_helpers"
      require "active_record/fixtures"
      require "active_record/test_fixtures"
      require "minitest"

      ActiveRecord::Base.establish_connection(ENV.fetch("DATABASE"))
      class Payment < ActiveRecord::Base; end
      ActiveRecord::Base.lease_connection.create_table(:payments) { |table| table.integer :amount }
      #{application}
      class WorkflowCase < ActiveSupport::TestCase
        include ActiveRecord::TestFixtures
        include ActiveSupport::Testing::TimeHelpers
        include Tasker::SpecHelpers
      end
      #{tests}
      passed = Minitest.run(["--seed", "7"])
      left = [Payment.count, ActiveRecord::Base.lease_connection.select_value("select count(*) from tasker.tasks")]
      abort "left behind: \#{left}" unless left == [0, 0]
      exit passed
    RUBY
  end

  it "run in transactional fixtures, on ActiveRecord's pinned connection" do
    said, status = minitest(<<~RUBY)
      class PayTest < WorkflowCase
        self.use_transactional_tests = true

        test "handlers see what the test has made, and the test what they have" do
          Payment.create!(amount: 5)
          fail_step("charge", with: "closed")
          result = run_task_workflow("pay", context: {price: 7})
          assert_workflow_complete result
          assert_step_complete result, "charge", results: {payments: 2}, attempts: 2
          assert_step_complete result, "book", results: {booked: 1}
          assert_equal [1, 5, 7], Payment.pluck(:amount).sort
        end

        test "a transaction of a handler's is a savepoint" do
          result = run_task_workflow("pay", context: {price: 7})
          assert_step_complete result, "charge", results: {payments: 0}
        end

        test "what the application creates is in the transaction" do
          created = ActiveRecord::Base.transaction { Tasker.create_task!("pay", context: {price: 7}) }
          assert_workflow_complete run_task_workflow(created)
        end

        test "the clock is that of the test" do
          travel_to Time.utc(2020, 2, 29)
          assert_equal Time.utc(2020, 2, 29), run_task_workflow("pay", context: {price: 7}).now
        end

        test "a live worker is refused" do
          error = assert_raises(Tasker::Testing::OpenTransactionError) { run_live_workflow("pay") }
          assert_match(/use_transactional_tests = false/, error.message)
        end

        test "nothing has to be used" do
          assert_equal 0, Payment.count
        end
      end
    RUBY
    expect(said).to include("6 runs", "0 failures, 0 errors")
    expect(status).to be_success
  end

  it "begin a transaction where there is none, and roll it back" do
    said, status = minitest(<<~RUBY)
      class PayTest < WorkflowCase
        self.use_transactional_tests = false

        2.times do |number|
          test "once and again \#{number}" do
            refute ActiveRecord::Base.lease_connection.transaction_open?
            assert_workflow_complete run_task_workflow("pay", context: {price: 7})
            assert ActiveRecord::Base.lease_connection.transaction_open?
            assert_equal 1, Payment.count
          end
        end
      end
    RUBY
    expect(said).to include("2 runs", "0 failures, 0 errors")
    expect(status).to be_success
  end

  it "have a connection of their own without ActiveRecord" do
    said, status = run_program(<<~RUBY, TASKER_TEST_DATABASE_URL: database_url)
      require "rspec/core"
      require "tasker/spec_helpers"

      RSpec.describe "a workflow" do
        include Tasker::SpecHelpers

        before do
          Tasker.handlers.add("greet", ->(step) { {greeting: "hello " + step.context[:name]} }, replace: true)
          workflow_test.register({name: "greet", version: "1.0.0", step_templates: [{name: "greet", handler: "greet"}]})
        end

        2.times do |number|
          it "greets \#{number}" do
            result = run_task_workflow("greet", context: {name: "Ada"})
            expect(result).to have_completed_step("greet").with_results(greeting: "hello Ada")
            expect(tasker_connection.exec("select count(*) from tasker.tasks").getvalue(0, 0)).to eq("1")
          end
        end
      end
      runner = RSpec::Core::Runner.new(RSpec::Core::ConfigurationOptions.new(["--options", File::NULL]))
      runner.configure($stderr, $stdout)
      exit runner.run_specs(RSpec.world.ordered_example_groups)
    RUBY
    expect(said).to include("2 examples, 0 failures")
    expect(status).to be_success
  end
end
