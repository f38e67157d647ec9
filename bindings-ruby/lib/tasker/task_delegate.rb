# frozen_string_literal: true

module Tasker
  # The task of an attempt, as `process(task, sequence, step)` gets it. Its ids, names and context came along with the attempt;
  # whatever else is asked of it, it loads its {Task} and asks that.
  class TaskDelegate
    include Delegated

    # @api private
    def initialize(step)
      @step = step
    end

    # @return [String] the id of the task, a UUID
    def task_id = @step.task_id
    alias_method :id, :task_id

    # @return [String]
    def name = @step.task_name

    # @return [String]
    def namespace_name = @step.namespace

    # @return [String] the version of the template
    def version = @step.version

    # @return [Hash, Object] the task's input, with string or symbol keys alike
    def context = @step.context

    # For people.
    def to_s = "#{namespace_name}.#{name} #{task_id}"

    # For people.
    def inspect = "#<Tasker::TaskDelegate #{self}>"

    private

    def load_record = Tasker.model(:Task)&.find(task_id)
  end
end
