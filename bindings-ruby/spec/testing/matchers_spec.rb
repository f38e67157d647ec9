# frozen_string_literal: true

require "minitest"
require_relative "testing_helper"

RSpec.describe "What tests expect of workflows" do
  include Tasker::SpecHelpers
  include Kit

  before do
    Tasker::HandlerFactory.instance.clear!
    KitOrder.register
  end

  def run(price: 21) = run_task_workflow("order", namespace: "kit", context: {price:})

  # What a failed expectation says.
  def said
    yield
    nil
  rescue RSpec::Expectations::ExpectationNotMetError, Minitest::Assertion => e
    e.message
  end

  describe Tasker::Testing::Matchers do
    it "know what is complete" do
      result = run
      expect(result).to complete_workflow
      expect(result).to have_workflow_status(:complete)
      expect(result).not_to fail_workflow
      expect(result).to have_completed_step("validate").with_results(total: 42).after_attempts(1).after_executions(1)
      expect(result).to have_completed_step("validate").with_results(total: a_value_between(40, 50))
      expect(result).to have_completed_step("ship").with_results_including(paid: Integer)
      expect(result).to have_executed_steps("ship", "charge", "validate")
      expect(result).to have_executed_steps(:validate, :charge, :ship).in_order
      expect(result).not_to have_executed_steps("ship", "charge", "validate").in_order
      expect(result).to complete_workflow.and have_completed_step("ship")
    end

    it "know what has failed" do
      result = run(price: -1)
      expect(result).to fail_workflow
      expect(result).to fail_workflow.at_step(:charge)
      expect(result).not_to complete_workflow
      expect(result).to have_failed_step("charge")
        .with_error("the card was refused").with_error(/refused/).with_error_code("DECLINED")
        .with_error_class(Tasker::PermanentError).after_attempts(1)
      expect(result).to have_step_status("ship", "pending")
      expect(result).not_to have_completed_step("charge")
    end

    it "know what survives" do
      report = crash_everywhere("order", namespace: "kit", context: {price: 1})
      expect(report).to survive_crashes
      broken = crash_everywhere("order", namespace: "kit", context: {price: 1}) { raise "no" }
      expect(said { expect(broken).to survive_crashes })
        .to start_with("wrong in 10 of 10 runs").and include("undisturbed:", "no")
    end

    it "say what is not as expected, and all that happened" do
      result = run(price: -1)
      expect(said { expect(result).to complete_workflow }).to start_with("the workflow is error and not complete\n")
        .and include("kit.order@1.0.0 is error")
        .and match(/charge +error, 1 attempt, DECLINED Tasker::PermanentError: the card was refused/)
      expect(said { expect(result).to fail_workflow.at_step("ship") }).to start_with("the step 'ship' is not as expected")
      expect(said { expect(result).to have_completed_step("charge").with_results(charged: 1) })
        .to include('status "error" and not "complete"', "results {")
      expect(said { expect(result).to have_failed_step("charge").after_attempts(a_value > 1) }).to include("a value > 1")
      expect(said { expect(result).to have_completed_step("fly") })
        .to include("no step 'fly'; its steps are validate, charge, ship")
      expect(said { expect(result).not_to fail_workflow.at_step("charge") })
        .to start_with("expected no workflow that is error at the step 'charge'")
      expect(said { expect(result).to have_executed_steps("ship") }).to include("these were: validate, charge")
    end
  end

  describe "Tasker::Testing::Assertions" do
    let(:minitest) do
      Class.new do
        include Minitest::Assertions
        include Tasker::Testing::Assertions
        attr_writer :assertions

        def assertions = @assertions || 0
      end.new
    end

    it "know what is complete" do
      result = run
      minitest.assert_workflow_complete(result)
      minitest.assert_workflow_status(:complete, result)
      minitest.assert_step_complete(result, "validate", results: {total: 42}, attempts: 1)
      minitest.assert_executed_steps(%i[validate charge ship], result)
      expect(minitest.assertions).to eq(4)
      expect(said { minitest.assert_workflow_failed(result, "but why") })
        .to start_with("but why").and include("is complete and not error")
    end

    it "know what has failed" do
      result = run(price: -1)
      minitest.assert_workflow_failed(result, at: "charge")
      minitest.assert_step_failed(result, "charge", error_code: "DECLINED", error: /refused/)
      minitest.assert_step_status("pending", result, "ship")
      expect(said { minitest.assert_step_complete(result, "charge") }).to include("the step 'charge' is not as expected")
      expect(said { minitest.assert_executed_steps(%w[validate], result) }).to include("kit.order@1.0.0 is error")
    end

    it "know what survives" do
      minitest.assert_survives_crashes(crash_everywhere("order", namespace: "kit", context: {price: 1}))
      broken = crash_everywhere("order", namespace: "kit", context: {price: 1}) { raise "no" }
      expect(said { minitest.assert_survives_crashes(broken) }).to include("wrong in 10 of 10 runs")
    end
  end
end
