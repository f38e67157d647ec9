# frozen_string_literal: true

module Tasker
  # What a {Client} can look at. Lists have filters, a `limit`, and `after`: the last id, name or number of the page before.
  module Reading
    # Waits until a task is in one of some states; by default until it has ended, well or badly.
    #
    # @param task_id [String]
    # @param until_states [Array<String>, nil]
    # @param within_seconds [Float]
    # @return [Record] the task
    # @raise [WaitTimeoutError] it is not so in time; the message says what the task does instead
    def wait(task_id, until_states: nil, within_seconds: 60.0)
      record("wait", {task_id:, until: until_states, within_seconds: within_seconds.to_f}.compact)
    end

    # As {wait}, and gives the state alone, which costs the database less.
    #
    # @return [String]
    def wait_state(task_id, until_states: nil, within_seconds: 60.0)
      call("wait_state", {task_id:, until: until_states, within_seconds: within_seconds.to_f}.compact)
    end

    # @return [String] the state of a task
    # @raise [NotFoundError] there is no such task
    def task_state(task_id) = call("task_state", {task_id:})

    # @return [Record] a task, with its progress
    # @raise [NotFoundError] there is no such task
    def task(task_id) = record("task", {task_id:})

    # @return [Array<Record>] the steps of a task by number, with inputs and results
    # @raise [NotFoundError] there is no such task
    def steps(task_id) = records("steps", {task_id:})

    # @return [Record] a step
    # @raise [NotFoundError] there is no such task, or no such step
    def step(task_id, step) = record("step", {task_id:, step:})

    # @return [Array<Record>] the trail of a task, or of one of its steps, oldest first
    # @raise [NotFoundError] there is no such task, or no such step
    def transitions(task_id, step = nil) = records("transitions", {task_id:, step:}.compact)

    # What operators did where no state moved (paused, resumed, updated, annotated): to a task, to its steps, and while it lasted to
    # its namespace, its named task and its handlers. Moves stand in {#transitions}.
    #
    # @return [Array<Record>] oldest first; `metadata` has `verb`, `by`, `reason`, `from`, and `changed` with what is another value now
    # @raise [NotFoundError] there is no such task
    def operator_actions(task_id) = records("operator_actions", {task_id:})

    # @return [Array<Record>] what was noted on a task by {Operating#annotate_task}, oldest first
    def list_annotations(task_id) = records("list_annotations", {task_id:})

    # @return [Array<Record>] why a task or a step does not go on: reason, since when, and what has to move first
    # @raise [NotFoundError] there is no such task, or no such step
    def why(task_id, step = nil) = records("why", {task_id:, step:}.compact)

    # @return [Array<Record>] what each step of a task waits for, by the rule of the claim
    # @raise [NotFoundError] there is no such task
    def readiness(task_id) = records("readiness", {task_id:})

    # Where a task stands in its graph: what lies on its critical paths, what could run side by side, how far failures reach, and
    # what holds up most.
    #
    # @param weights [Hash, nil] what counts how much, as in the block `dependency_graph` of the configuration; what is left out is
    #   the engine's
    # @return [Record]
    # @raise [NotFoundError] there is no such task
    def dependency_analysis(task_id, weights: nil) = record("dependency_analysis", {task_id:, weights:}.compact)

    # @param filter [Hash] `namespace`, `name`, `version`, `status`, `tags`, `since`, `created_before`, `error_code`, `paused`,
    #   `after`, `limit`
    # @return [Array<Record>] tasks, newest first
    def list_tasks(**filter) = records("list_tasks", filter.compact)

    # @param filter [Hash] `status`, `handler`, `error_code`, `after`, `limit`
    # @return [Array<Record>] steps of a task by number, without inputs and results
    # @raise [NotFoundError] there is no such task
    def list_steps(task_id, **filter) = records("list_steps", {task_id:, **filter}.compact)

    # @param filter [Hash] `namespace`, `task_name`, `version`, `tags`, `since`, `created_before`, `task_id`, `of_open_tasks`,
    #   `names`, `handler`, `status`, `error_code`, `waiting`, `after`, `limit`
    # @return [Array<Record>] steps of all tasks, newest tasks first, without inputs and results
    def find_steps(**filter) = records("find_steps", filter.compact)

    # @param most [Integer, nil] where counting ends; a million when left out
    # @param filter [Hash] as for {list_tasks}
    # @return [Integer] how many tasks a filter lets through
    def count_tasks(most: nil, **filter) = call("count_tasks", {filter: filter.compact, most:}.compact)

    # @param most [Integer, nil] where counting ends; a million when left out
    # @param filter [Hash] as for {find_steps}
    # @return [Integer] how many steps of all tasks a filter lets through
    def count_steps(most: nil, **filter) = call("count_steps", {filter: filter.compact, most:}.compact)

    # @param filter [Hash] `worker_id`, `health`, `handler`, `ended`, `after`, `limit`
    # @return [Array<Record>] processes that execute steps, with what they hold
    def list_workers(**filter) = records("list_workers", filter.compact)

    # @param filter [Hash] `containing`, `after`, `limit`
    # @return [Array<Record>] namespaces by name
    def list_namespaces(**filter) = records("list_namespaces", filter.compact)

    # @param filter [Hash] `containing`, `after`, `limit`
    # @return [Array<Record>] handlers that templates name, and which live workers have them
    def list_handlers(**filter) = records("list_handlers", filter.compact)

    # @return [Array<Record>] what is registered, of one namespace or of all
    def named_tasks(namespace: nil) = records("named_tasks", {namespace:}.compact)

    # @return [Record] a template as it was registered; the latest version unless told which
    # @raise [UnknownNamedTaskError] no such template is registered
    def template(name, namespace: "default", version: nil) = record("template", {namespace:, name:, version:}.compact)

    # @return [Array<Record>] everything that was ever registered under a name, oldest first
    def template_contents(name, namespace: "default") = records("template_contents", {namespace:, name:})

    # @return [Record] everything that is wrong with the database and the work in it, and what to do
    def doctor = record("doctor")

    # @return [Integer, nil] the version of the schema in the database; nil where there is none yet
    def schema_version = call("schema_version")

    # @return [String] the URL of the database that is used, with its password where it has one
    def database = call("database")

    # @return [String] what tells the database that is used from all others, a copy of it included
    def database_identity = call("database_identity")

    # @return [Record] the settings that hold, block by block
    def settings = record("settings")
  end
end
