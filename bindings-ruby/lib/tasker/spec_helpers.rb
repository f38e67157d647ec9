# frozen_string_literal: true

require "tasker"

module Tasker
  # Tests of workflows with RSpec and Minitest:
  #
  #   RSpec.configure { |config| config.include Tasker::SpecHelpers, type: :workflow }   # or: include it in a test case
  #
  #   it "tries again when the bank is closed" do
  #     fail_step("process_payment", with: "the bank is closed", times: 2)
  #     result = run_task_workflow("process_order", namespace: "ecommerce", context: {cart_id: 7})
  #     expect(result).to complete_workflow
  #     expect(result).to have_completed_step("process_payment").after_attempts(3)
  #   end
  #
  # The workflow runs on the thread of the test, one attempt after another, by the real SQL and with the real handlers; there is no
  # worker, and no waiting. It runs in the transaction of the test: with transactional fixtures that is the one on ActiveRecord's
  # pinned connection, so that handlers see what the test has created, and the test what they have. Where no transaction is open,
  # one is begun at the first use and rolled back when the example ends. The templates of {Tasker.templates} are registered in it.
  #
  # Time stands still but for waits between attempts, which take none, and for `travel_to`: see {Testing::Test}.
  #
  # Meanwhile `Tasker.create_task!` and {Tasker.client} work in the same transaction, so that what the application creates in an
  # example is seen in it, and gone with it; give such a task to {#run_task_workflow}.
  # RSpec gets {Testing::Matchers}, Minitest {Testing::Assertions}.
  module SpecHelpers
    # @api private
    def self.included(base)
      super
      if defined?(::RSpec::Core::ExampleGroup) && base <= ::RSpec::Core::ExampleGroup
        base.include(Testing::Matchers)
        base.before { begin_tasker_example }
        base.after { finish_tasker_example }
      elsif defined?(::Minitest::Assertions) && base <= ::Minitest::Assertions
        base.include(Testing::Assertions)
      end
    end

    # Creates a task and runs it to its end; or runs one that is there.
    #
    # @param workflow [String, Symbol, #task_id] the name of a template; or a task: its record, its report, or what creating it
    #   answered
    # @param request [Hash] `namespace` ("default"), `context`, and whatever else {Client#create_task} takes
    # @return [Testing::TestReport] `status`, `steps`, `step("charge")` (its `status`, `results`, `attempts`, `error`), `timings`,
    #   `executions`
    # @raise [UnknownNamedTaskError] no template of that name is registered
    # @raise [InvalidContextError] the context breaks the template's schema
    # @raise [UnknownHandlerError] a step that may still run has no handler here: give it one, or {#stub_step}
    def run_task_workflow(workflow, **request)
      workflow_test.run_to_end(task_to_run(workflow, request))
    end

    # As {#run_task_workflow}, and stops where nothing is ready at this instant: before a wait.
    #
    # @return [Testing::TestReport]
    def run_task_workflow_until_idle(workflow, **request)
      workflow_test.run_until_idle(task_to_run(workflow, request))
    end

    # As {#run_task_workflow}, and stops after one attempt.
    #
    # @return [Testing::TestReport]
    def run_next_step(workflow, **request)
      workflow_test.run_one(task_to_run(workflow, request))
    end

    # Creates a task, and runs nothing of it.
    #
    # @return [Testing::TestReport]
    def create_task_workflow(name, **request)
      workflow_test.report(task_to_run(name, request))
    end

    # Makes attempts of a step fail; its handler does not run in them.
    #
    # @param step [String, Symbol]
    # @param times [Integer, nil] how many, from the first on; nil for each of them
    # @param with [String, Exception, Class] a message, for a failure that may be tried again; or what the handler would raise
    # @param options [Hash] for a message: `error_code`, `retry_after` in seconds, `context`
    # @return [void]
    def fail_step(step, times: 1, with: "a failure of the test", **options)
      raise ArgumentError, "#{options.keys.join(", ")} goes with a message" unless options.empty? || with.is_a?(String)

      raised = with.is_a?(String) ? RetryableError.new(with, **options) : with
      inject_fault(step, times) { |fault| fault.raises(raised) }
    end

    # Makes a step fail for good.
    #
    # @param with [String] a message
    # @param options [Hash] `error_code`, `context`
    # @return [void]
    def fail_step_permanently(step, with: "a failure of the test", **options)
      inject_fault(step, nil) { |fault| fault.permanent(with, **options) }
    end

    # Makes attempts of a step run into their timeout. The handler runs, and the clock moves by the timeout.
    #
    # @return [void]
    def time_out_step(step, times: 1) = inject_fault(step, times, &:times_out)

    # Makes attempts of a step take so much time on the test's clock; longer than the step's timeout is a timeout.
    #
    # @param by [Numeric, ActiveSupport::Duration] seconds
    # @return [void]
    def slow_step(step, by:, times: nil) = inject_fault(step, times) { |fault| fault.takes(by) }

    # Lets the process die in attempts of a step: before its handler runs, or after. Another process takes over.
    #
    # @return [void]
    def crash_step(step, times: 1, after_the_handler: false)
      inject_fault(step, times) { |fault| (after_the_handler ? fault.after_the_handler : fault).loses_its_worker }
    end

    # Puts something in the place of a step's handler: what the step returns, or a block that is called with the {Step}. Handlers of
    # other languages need one.
    #
    # @param step [String, Symbol]
    # @param returns [Object]
    # @return [void]
    def stub_step(step, returns: {}, &handler)
      workflow_test.stand_in(step, &(handler || proc { returns }))
    end

    # Takes back every failure that was injected.
    #
    # @return [void]
    def clear_step_failures = workflow_test.clear_faults

    # Asks whether a workflow is right wherever its process dies: see {Testing::Test#crash_everywhere}.
    #
    # @return [Testing::CrashReport]
    def crash_everywhere(name, may_differ: [], **request, &check)
      workflow_test.crash_everywhere(name, may_differ:, **identified(name, request), &check)
    end

    # The workflows of this example: for operator verbs, faults as sentences, the clock.
    #
    # @return [Testing::Test]
    def workflow_test = tasker_example.test

    # Runs a workflow with a live worker, on threads and connections of its own. It sees what is committed, and what it does stays.
    #
    # @param within_seconds [Numeric] how long it may take
    # @param concurrency [Integer] how many handlers run at once
    # @param request [Hash] as for {#run_task_workflow}
    # @return [Testing::TestReport]
    # @raise [Testing::OpenTransactionError] the example is in a transaction
    # @raise [WaitTimeoutError] it has not ended in time; the message says what it does instead
    def run_live_workflow(name, within_seconds: 30, concurrency: 4, **request)
      live_run(concurrency) { |live| live.run(name, within_seconds:, **request) }
    end

    # Runs a live worker for the time of a block, and drains it.
    #
    # @yieldparam client [Client]
    # @return [Object] what the block returns
    # @raise [Testing::OpenTransactionError] the example is in a transaction
    def with_live_worker(concurrency: 4, &)
      live_run(concurrency) { |live| live.with_worker(&) }
    end

    # The connection that workflows of the example run on. Override it for one of your own.
    #
    # @return [PG::Connection, ActiveRecord::ConnectionAdapters::AbstractAdapter, Class]
    def tasker_connection = Testing::Database.connection

    # Minitest, and what takes after it.

    def before_setup
      super if defined?(super)
      begin_tasker_example
    end

    def after_teardown
      finish_tasker_example
      super if defined?(super)
    end

    private

    def tasker_example
      @tasker_example || begin_tasker_example
    end

    def begin_tasker_example
      return @tasker_example if @tasker_example

      # One is left over where the helpers were not included in a test case itself, which then knows nothing of its end.
      Testing.current&.finish
      Testing.current = @tasker_example = Testing::Example.new(self) { tasker_connection }
    end

    def finish_tasker_example
      @tasker_example&.finish
      @tasker_example = nil
    end

    def task_to_run(workflow, request)
      return workflow_test.create(workflow, **identified(workflow, request)) unless workflow.respond_to?(:task_id)
      return workflow if request.empty?

      raise ArgumentError, "task #{workflow.task_id} is there already: it takes no #{request.keys.join(", ")}"
    end

    # With the idempotency key that a strategy of the application's own gives it.
    def identified(name, request) = IdentityStrategy.complete({name:, **request}).except(:name)

    def inject_fault(step, times)
      return yield workflow_test.fault(step) if times.nil?

      (1..times).each { |attempt| yield workflow_test.fault(step).on_attempt(attempt) }
      nil
    end

    def live_run(concurrency)
      refuse_open_transaction
      # What the application creates in the block is committed.
      Testing.outside { yield Testing::LiveRun.new(concurrency:) }
    end

    def refuse_open_transaction
      return unless tasker_example.transaction_open?

      raise Testing::OpenTransactionError,
        "a live worker works on connections of its own and sees only what is committed, and this example is in a transaction " \
        "that will be rolled back: that of transactional fixtures, or the one that run_task_workflow has begun. Set " \
        "`self.use_transactional_tests = false` for these examples and clean up after them, or use run_task_workflow, which runs " \
        "in the transaction"
    end
  end
end
