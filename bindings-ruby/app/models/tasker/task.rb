# frozen_string_literal: true

module Tasker
  # A task: one run of a workflow. Its key is a UUID that carries the time.
  #
  #   task = Tasker::Task.in_namespace("ecommerce").with_task_name("process_order").failed_since(1.day.ago).first
  #   task.inspect_execution
  #   task.retry!(by: "ada", reason: "the bank is open again")
  #
  # The engine writes it. `tags`, `reason` and `priority` can be saved; the verbs of {Operations} do the rest.
  class Task < ApplicationRecord
    include EngineRecord
    include Stateful
    include Search
    include Operations

    # The tasks, with what is derived from them.
    self.table_name = "#{schema}.task_records"
    self.primary_key = :task_id
    # A task that is not saved has them as a new one.
    attribute :complete, default: false
    %i[tags bypass_steps].each { |name| attribute name, default: [] }
    %i[initiator source_system reason].each { |name| attribute name, default: "unknown" }

    written_by_engine saves: %i[tags reason priority],
      create: "use Tasker.create_task!",
      update: "use cancel!, retry!, resolve!, pause! or resume!",
      destroy: "use cancel!, or the `retention` settings and `tasker prune`"

    belongs_to :named_task
    has_many :workflow_steps, -> { order(:step_no) }, inverse_of: :task
    has_many :task_transitions, -> { order(:sort_key) }, inverse_of: :task
    has_many :task_annotations, inverse_of: :task
    has_many :annotation_types, through: :task_annotations
    has_one :task_identity

    delegate :name, :namespace_name, :version, :full_name, to: :named_task
    delegate :workflow_summary, to: :task_execution_context
    delegate :to_mermaid, to: :diagram

    class << self
      # Creates a task as {Tasker.create_task!} does.
      #
      # @param task_request [Types::TaskRequest, Hash]
      # @return [Task] the new one, or the one that an identical request made before
      # @raise [EngineError] as {Client#create_task}
      def create_with_defaults!(task_request)
        request = Types::TaskRequest.from(task_request)
        find(Tasker.create_task!(request.name, **request.creation_arguments).task_id)
      end

      # @return [Integer] how many names the tasks have
      def unique_task_types_count = NamedTask.where(named_task_id: select(:named_task_id)).distinct.count(:name)
    end

    # @!attribute [r] complete
    #   @return [Boolean] whether it is complete, be it by an operator
    # @!attribute [r] updated_at
    #   @return [Time] when its state changed last

    # @return [String] what its identity strategy made of its request, hexadecimal; its id where every request is a new task
    def identity_hash = task_identity&.hexdigest || task_id

    # @return [Boolean] whether it is paused by itself; its name, namespace or handlers may be paused besides
    def paused? = paused_at.present?

    # @param name [String, Symbol]
    # @return [WorkflowStep, nil]
    def get_step_by_name(name)
      return workflow_steps.find { |step| step.name == name.to_s } if workflow_steps.loaded?

      workflow_steps.find_by(name: name.to_s)
    end
    alias_method :step, :get_step_by_name

    # @return [Boolean]
    def all_steps_complete? = workflow_steps.where.not(state: DONE).none?

    # @return [Functions::FunctionBasedTaskExecutionContext] how far it is, as of when this was first asked; {#reload} forgets it
    def task_execution_context = @task_execution_context ||= TaskExecutionContext.find(task_id)

    # @return [Array<Functions::Why>] why it does not go on (first), and each of its steps
    def why = Functions::Why.for_task(task_id)

    # @return [Inspection] how it stands, for people: it shows itself in a console
    def inspect_execution = Inspection.new(self)

    # @return [TaskDiagram]
    def diagram = TaskDiagram.new(self)

    # @return [Analysis::RuntimeGraphAnalyzer]
    def runtime_analyzer = Analysis::RuntimeGraphAnalyzer.new(task: self)

    # @return [Hash] what its graph says about where it stands; computed at each call
    def dependency_graph = runtime_analyzer.analyze

    # Saves what can be saved, and what was noted on it by `task_annotations.build`.
    #
    # @return [true]
    # @raise (see EngineRecord#save!)
    def save!(**)
      notes = association(:task_annotations).target.select(&:new_record?)
      return super if notes.empty?

      transaction do
        super
        notes.each(&:save!)
      end
      true
    end

    # Forgets besides how far it was.
    def reload(*)
      @task_execution_context = nil
      super
    end

    private

    def update_through_engine(client, changes) = client.update_task(task_id, **changes)
  end
end
