# frozen_string_literal: true

module Tasker
  # The steps of the task of an attempt, as `process(task, sequence, step)` gets them. The results of direct parents came along;
  # those of other steps are fetched at first access, all in one query.
  class StepSequence
    include Enumerable

    # @api private
    def initialize(step)
      @step = step
      @siblings = {}
    end

    # @param name [String, Symbol]
    # @return [Step, Sibling, nil] the step of that name; nil where the task has none that could be read
    def find_step_by_name(name)
      name = name.to_s
      return @step if name == @step.name

      @siblings[name] ||= known?(name) ? Sibling.new(@step, name) : loaded(name)
    end

    # @param name [String, Symbol]
    # @return [Hash, Object] what the step returned; of the step of the attempt, what there is of it so far
    # @raise [KeyError] there is no such step, or it has not ended well
    def results(name) = (name.to_s == @step.name) ? @step.results : @step.results(name)
    alias_method :[], :results

    # @return [Array<Step, Sibling>] every step in template order; without ActiveRecord, those that have ended well and this one
    def steps
      names = Tasker.model(:WorkflowStep)&.for_task(@step.task_id)&.map(&:name)
      (names || [*@step.parents, @step.name]).map { |name| find_step_by_name(name) }
    end

    def each(&) = steps.each(&)

    private

    def known?(name)
      return true if @step.parents.include?(name)

      @step.results_of(name) { return false }
      true
    end

    # It has not ended well: only its record knows it.
    def loaded(name)
      record = Tasker.model(:WorkflowStep)&.for_task(@step.task_id)&.find { |one| one.name == name }
      record && Sibling.new(@step, name, record)
    end

    # Another step of the task. Whatever is asked of it but its name and results, it loads its {WorkflowStep} and asks that.
    class Sibling
      include Delegated

      # @return [String]
      attr_reader :name

      # @api private
      def initialize(step, name, record = nil)
        @step = step
        @name = name
        @record = record
      end

      # @return [Hash, Object] what it returned; empty where it has not ended well
      def results = @step.results_of(name) { {}.with_indifferent_access }

      # @return [String] the id of the task
      def task_id = @step.task_id

      # For people.
      def inspect = "#<Tasker::StepSequence::Sibling #{name} of task #{task_id}>"

      private

      def load_record
        Tasker.model(:WorkflowStep)&.for_task(task_id)&.find { |one| one.name == name }
      end
    end
  end
end
