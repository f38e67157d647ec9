# frozen_string_literal: true

module Tasker
  # What an operator can do by a {Client}. Each verb is one transaction, and stands in the trail with who did it and why.
  module Operating
    # Cancels a task and all of its steps that have not ended.
    #
    # @return [Record] the task
    # @raise [IllegalTransitionError] it has ended
    def cancel_task(task_id, by: nil, reason: nil) = record("cancel_task", {task_id:, by:, reason:}.compact)

    # Retries the failed steps of a task.
    #
    # @return [Record] the task
    # @raise [IllegalTransitionError] it has not failed
    def retry_task(task_id, by: nil, reason: nil) = record("retry_task", {task_id:, by:, reason:}.compact)

    # Declares a failed task done.
    #
    # @return [Record] the task
    # @raise [IllegalTransitionError] it has not failed
    def resolve_task(task_id, by: nil, reason: nil) = record("resolve_task", {task_id:, by:, reason:}.compact)

    # Changes a task: its tags, its reason, and the priority of the steps that have not started.
    #
    # @param changes [Hash] `tags`, `priority`, `reason`
    # @return [Record] the task
    # @raise [NotFoundError] there is no such task
    def update_task(task_id, by: nil, **changes) = record("update_task", {task_id:, by:, **changes}.compact)

    # Notes something on a task, to find it by. Each call adds one.
    #
    # @param annotation_type [String, Symbol] what kind of thing it says: 1 to 64 characters; a new one is made at its first use
    # @param annotation [Object] what JSON can say, but nil
    # @return [Record] `task_annotation_id`, `task_id`, `annotation_type`, `annotation`, `created_at`
    # @raise [InvalidArgumentError] the type has no or too many characters, or there is nothing to note
    # @raise [NotFoundError] there is no such task
    def annotate_task(task_id, annotation_type, annotation) = record("annotate_task", {task_id:, annotation_type:, annotation:})

    # Cancels a step.
    #
    # @return [Record] the step
    # @raise [IllegalTransitionError] it has ended
    def cancel_step(task_id, step, by: nil, reason: nil) = record("cancel_step", {task_id:, step:, by:, reason:}.compact)

    # Retries a failed step now: one more attempt, or its whole budget.
    #
    # @param reset_attempts [Boolean] whether the whole budget comes back
    # @return [Record] the step
    # @raise [IllegalTransitionError] it has not failed
    def retry_step(task_id, step, reset_attempts: false, by: nil, reason: nil)
      record("retry_step", {task_id:, step:, reset_attempts:, by:, reason:}.compact)
    end

    # Declares a step done, with the results that its dependents will read.
    #
    # @return [Record] the step
    # @raise [IllegalTransitionError] it runs, or has ended
    def resolve_step(task_id, step, results = nil, by: nil, reason: nil)
      record("resolve_step", {**{task_id:, step:, by:, reason:}.compact, results:})
    end

    # Changes a step: its number of attempts in total, its own input. A raised limit lets an exhausted step go on.
    #
    # @param changes [Hash] `retry_limit`, `inputs`
    # @return [Record] the step
    # @raise [NotFoundError] there is no such task, or no such step
    # @raise [IllegalTransitionError] it has ended
    def update_step(task_id, step, by: nil, reason: nil, **changes)
      record("update_step", {task_id:, step:, by:, reason:, **changes}.compact)
    end

    # Pauses a task, a named task, a namespace or a handler: nothing of it is begun.
    #
    # @param what [Hash] `task_id`, `namespace`, `name` (with a namespace) or `handler`
    # @return [void]
    # @raise [InvalidArgumentError] not exactly one of these is given
    def pause(task_id = nil, by: nil, reason: nil, **what)
      call("pause", {task_id:, by:, reason:, **what}.compact)
      nil
    end

    # Ends a pause.
    #
    # @param what [Hash] as for {pause}
    # @return [void]
    # @raise [InvalidArgumentError] not exactly one of these is given
    def resume(task_id = nil, by: nil, reason: nil, **what)
      call("resume", {task_id:, by:, reason:, **what}.compact)
      nil
    end

    # One batch of `cancel`, `retry`, `resolve`, `pause` or `resume` on every task that a filter lets through.
    #
    # @param verb [String] what is done
    # @param filter [Hash] as for {Reading#list_tasks}; `limit` is the size of a batch (200). Without `status` it is those states in
    #   which the verb means something
    # @return [Record] `outcomes`, each with `task_id` and `refusal`, and `after`: give it as `after` for the next batch; nil
    #   when there are no more
    def operate_on_tasks(verb, by: nil, reason: nil, **filter)
      record("operate_on_tasks", {verb:, filter: filter.compact, by:, reason:}.compact)
    end

    # One batch of `cancel`, `retry`, `resolve` or `update` on every step that a filter lets through.
    #
    # @param verb [String] what is done
    # @param reset_attempts [Boolean, nil] with `retry`: the whole budget comes back
    # @param results [Object] with `resolve`: what each step counts as having returned
    # @param retry_limit [Integer, nil] with `update`: how many attempts there may be in total
    # @param filter [Hash] as for {Reading#find_steps}; `limit` is the size of a batch (200)
    # @return [Record] as {operate_on_tasks}; each outcome with `task_id` and `workflow_step_id`
    def operate_on_steps(verb, by: nil, reason: nil, reset_attempts: nil, results: nil, retry_limit: nil, **filter)
      record(
        "operate_on_steps",
        {verb:, filter: filter.compact, by:, reason:, reset_attempts:, results:, retry_limit:}.compact
      )
    end
  end
end
