# frozen_string_literal: true

module Tasker
  # A step of a task. Its key is the task's and its number, from 1 in template order; the number alone is what elsewhere is called
  # `workflow_step_id`.
  #
  #   step = Tasker::WorkflowStep.find([task_id, 2])
  #   step.retry!(reset_attempts: true, by: "ada")
  #
  # The engine writes it. `retry_limit` and `inputs` can be saved; the verbs of {Operations} do the rest.
  class WorkflowStep < ApplicationRecord
    include EngineRecord
    include Stateful
    include Operations
    include Readiness

    PROVIDES_EDGE_NAME = "provides"

    # The steps, with what is derived from them and from their templates.
    self.table_name = "#{schema}.workflow_step_records"
    self.primary_key = %i[task_id step_no]
    alias_attribute :workflow_step_id, :step_no

    written_by_engine saves: %i[retry_limit inputs],
      create: "steps come with their task, by Tasker.create_task!",
      update: "use cancel!, retry! or resolve!",
      destroy: "use cancel!"

    belongs_to :task
    belongs_to :step_template
    belongs_to :named_step
    has_many :incoming_edges, class_name: "Tasker::WorkflowStepEdge", inverse_of: :to_step, **by_columns(:task_id, :to_step_id)
    has_many :outgoing_edges, class_name: "Tasker::WorkflowStepEdge", inverse_of: :from_step, **by_columns(:task_id, :from_step_id)
    has_many :parents, -> { order(:step_no) }, through: :incoming_edges, source: :from_step
    has_many :children, -> { order(:step_no) }, through: :outgoing_edges, source: :to_step
    has_many :workflow_step_transitions, -> { order(:sort_key) },
      inverse_of: :workflow_step, **by_columns(:task_id, :workflow_step_id)
    has_one :step_dag_relationship, inverse_of: :workflow_step, **by_columns(:task_id, :workflow_step_id)

    # @!method self.for_task(task)
    #   The steps of a task, in template order.
    #   @param task [Task, #task_id, String] a task or its id
    scope :for_task, ->(task) { where(task_id: task.respond_to?(:task_id) ? task.task_id : task).order(:step_no) }

    # @!method self.completed
    #   Steps that are done.
    scope :completed, -> { where(state: DONE) }

    # @!method self.failed
    #   Steps that failed, for good or until their next attempt.
    scope :failed, -> { where(state: "error") }

    # @!method self.pending
    #   Steps that are still to be done, those that run included.
    scope :pending, -> { where(state: %w[pending in_progress]) }

    class << self
      # @param task [Task]
      # @return [Hash] `total_steps`, `completed_steps`, `failed_steps`, `pending_steps`, `latest_completion_time`, `all_complete`
      def task_completion_stats(task)
        ended = where(task_id: task.task_id).pluck(:state, :ended_at)
        done = ended.select { |state, _| Stateful::DONE.include?(state) }
        failed = ended.count { |state, _| state == "error" }

        {
          total_steps: ended.size,
          completed_steps: done.size,
          failed_steps: failed,
          pending_steps: ended.size - done.size - failed,
          latest_completion_time: done.filter_map(&:last).max,
          all_complete: ended.any? && done.size == ended.size
        }
      end

      # @param steps [Array<WorkflowStep>] where to look first; else among all steps of their tasks
      # @param name [String, Symbol]
      # @return [WorkflowStep, nil]
      def find_step_by_name(steps, name)
        return if steps.empty? || name.nil?

        steps.find { |step| step.name == name.to_s } ||
          where(task_id: steps.map(&:task_id).uniq, name: name.to_s).first
      end

      # @param task [Task]
      # @param sequence [#steps] which steps of it are asked about
      # @return [ActiveRecord::Relation<WorkflowStep>] those that would be claimed now
      def get_viable_steps(task, sequence)
        statuses = StepReadinessStatus.for_task(task.task_id, sequence.steps.map(&:workflow_step_id))
        for_task(task).where(step_no: statuses.select(&:ready_for_execution).map(&:workflow_step_id))
      end
    end

    # In a URL it stands below its task.
    #
    # @return [String, nil] the number
    def to_param = step_no&.to_s

    # @!attribute [w] by
    #   @return [String, nil] who saves it, for the trail: `step.update!(retry_limit: 5, by: "ada", reason: "the bank was closed")`
    # @!attribute [w] reason
    #   @return [String, nil] why it is saved; both are forgotten once it is
    attr_writer :by, :reason

    # @return [Integer] its number
    def workflow_step_id = step_no

    # @return [Hash, Object] its own input where an operator gave one, else the context of the task
    def inputs = super || task.context

    # @return [Hash, Object] what it returned, or its last failure; empty before
    def results = super.then { |results| results.nil? ? {} : results }

    # @!attribute [r] in_process
    #   @return [Boolean] whether it is being executed
    # @!attribute [r] processed
    #   @return [Boolean] whether it is done, be it by an operator
    # @!attribute [r] processed_at
    #   @return [Time, nil] when it was done
    # @!attribute [r] created_at
    #   @return [Time] when its task was created
    # @!attribute [r] updated_at
    #   @return [Time] when its state changed last

    # @return [ActiveRecord::Relation<WorkflowStep>] the other steps that wait for the very same ones; roots have none
    def siblings
      parents = WorkflowStepEdge.where(task_id:).pluck(:to_step_id, :from_step_id)
        .group_by(&:first).transform_values { |edges| edges.map(&:last).sort }
      numbers = parents.keys.select { |number| number != step_no && parents[number] == parents[step_no] }
      self.class.for_task(task_id).where(step_no: numbers)
    end

    # @return [Functions::Why] why it does not go on
    def why = Functions::Why.for_step(task_id, step_no)

    # Forgets besides who saved it.
    #
    # @return [true]
    # @raise (see EngineRecord#save!)
    def save!(**) = super.tap { @by = @reason = nil }

    private

    def update_through_engine(client, changes) = client.update_step(task_id, step_no, by: @by, reason: @reason, **changes)
  end
end
