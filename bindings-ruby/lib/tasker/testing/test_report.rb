# frozen_string_literal: true

require "time"

module Tasker
  module Testing
    # What has become of a task under test.
    class TestReport
      # @return [Record] the task, as `client.task` tells it
      attr_reader :task
      # @return [Array<StepReport>] its steps, by number
      attr_reader :steps
      # @return [Array<Execution>] the attempts so far, in order
      attr_reader :executions
      # @return [Time] the time of the test
      attr_reader :now
      # @return [Time, nil] when something of the task is ready next; nil where nothing will be without an operator
      attr_reader :next_due_at

      # @api private
      # @param told [Hash] as the engine tells it
      # @yieldparam execution [Hash]
      # @yieldreturn [Float, nil] how long its handler really ran, in seconds
      def initialize(told, &seconds)
        seconds ||= proc {}
        @task = Record.new(told["task"])
        @executions = told["executions"].map { |one| Execution.of(one, seconds.call(one)) }
        of_step = @executions.group_by(&:step)
        @steps = told["steps"].map { |step| StepReport.new(step, of_step.fetch(step["name"], [])) }
        @now = Time.iso8601(told["now"])
        @next_due_at = told["next_due_at"]&.then { |due| Time.iso8601(due) }
      end

      # @return [String]
      def task_id = task.task_id

      # @return [String] the state of the task
      def status = task.status

      # @return [Hash] the input of the task
      def context = task.context

      # @return [Boolean]
      def complete? = status == "complete"

      # @return [Boolean] whether it has failed for good
      def failed? = status == "error"

      # @param name [String, Symbol]
      # @return [StepReport]
      # @raise [KeyError] the task has no such step
      def step(name)
        steps.find { |step| step.name == name.to_s } || raise(
          KeyError.new("the task has no step '#{name}'; its steps are #{steps.map(&:name).join(", ")}", receiver: self, key: name)
        )
      end

      # @param name [String, Symbol] of a step
      # @return [Hash, Object] what it returned, or its last failure
      # @raise [KeyError] the task has no such step
      def results(name) = step(name).results

      # @return [Hash{String => Timing}] when the steps ran, by name; those that did not are left out
      def timings
        steps.reject { |step| step.executions.empty? }
          .to_h { |step| [step.name, Timing.of(step.executions, step.processed_at)] }
      end

      # @param step [String, Symbol]
      # @return [Integer] how often the handler of a step was executed
      def executions_of(step) = executions.count { |one| one.step == step.to_s && one.handler_ran? }

      # @return [Array<String>] the names of the steps whose handlers were executed, each once, in the order in which they began
      def executed_steps = executions.select(&:handler_ran?).map(&:step).uniq

      # @return [String] for people: the task, and a line for each step
      def summary
        width = steps.map { |step| step.name.length }.max.to_i
        lines = steps.map { |step| "  #{step.name.ljust(width)}  #{step.summary}" }
        ["#{task.full_name} is #{status} (task #{task_id})", *lines].join("\n")
      end
      alias_method :to_s, :summary

      # For people.
      def inspect = "#<#{self.class.name} #{summary}>"
    end
  end
end
