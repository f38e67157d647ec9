# frozen_string_literal: true

require "time"

module Tasker
  module Testing
    # A live worker of this process, for tests of what cannot be seen in one transaction: parallel steps, timeouts, shutdown.
    #
    # It works on connections of its own and sees what is committed; what it leaves behind stays there.
    # @api private
    class LiveRun
      # What the trail calls the end of an attempt, and what a report does.
      OUTCOMES = {"complete" => "completed", "error" => "failed", "pending" => "released", "cancelled" => "released"}.freeze

      # @param client [Client]
      # @param handlers [Handlers]
      # @param concurrency [Integer] how many handlers run at once
      def initialize(client: Tasker.client, handlers: Tasker.handlers, concurrency: 4)
        @client = client
        @handlers = handlers
        @concurrency = concurrency
      end

      # Runs a worker for the time of a block, and drains it.
      #
      # @yieldparam client [Client]
      # @return [Object] what the block returns
      def with_worker
        Tasker.templates.each { |template| @client.register_template(template, force: true) }
        worker = Worker.new(@client, @handlers, concurrency: @concurrency, name: "a test")
        begin
          yield @client
        ensure
          worker.stop
        end
      end

      # Creates a task and waits until it has ended.
      #
      # @return [TestReport]
      # @raise [WaitTimeoutError] it has not ended in time; the message says what it does instead
      def run(name, within_seconds:, **request)
        with_worker do |client|
          task_id = client.create_task(name, **request).task_id
          client.wait(task_id, within_seconds:)
          report(task_id)
        end
      end

      # @return [TestReport] of a task that others ran, from its trail
      def report(task_id)
        steps = @client.steps(task_id)
        executions = steps.flat_map { |step| executions_of(step) }.sort_by { |one| one["began_at"] }
        told = {
          "task" => @client.task(task_id),
          "steps" => steps,
          "executions" => executions,
          "now" => Time.now.utc.iso8601(6),
          "next_due_at" => nil
        }
        TestReport.new(told) { |one| one["seconds"] }
      end

      private

      def executions_of(step)
        moves = @client.transitions(step.task_id, step.workflow_step_id)
        moves.each_cons(2).filter_map do |began, ended|
          execution(step.name, began, ended) if began.to_state == "in_progress"
        end
      end

      def execution(step, began, ended)
        lost = ended.metadata[:error_code] == "worker_lost"
        {
          "step" => step,
          "attempt" => began.metadata[:attempt],
          "handler_ran" => true,
          "outcome" => lost ? "worker_lost" : OUTCOMES.fetch(ended.to_state, "completed"),
          "error" => (ended.metadata[:error] if ended.to_state == "error"),
          "recorded" => "recorded",
          "began_at" => began.created_at,
          "seconds" => Time.iso8601(ended.created_at) - Time.iso8601(began.created_at)
        }
      end
    end
  end
end
