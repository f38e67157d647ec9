# frozen_string_literal: true

module Tasker
  # Runs the steps of one task that are ready now, on the thread of the job, and enqueues itself for the time when the next one
  # is: after a backoff, for example.
  #
  #   task = Tasker.create_task!("process_order", namespace: "ecommerce", context: {order_id: order.id})
  #   Tasker::TaskRunnerJob.perform_later(task.task_id)
  #
  # It is for applications that have job processes and do not want workers besides. What is to be done stands in the database and
  # not in the job, which may be lost, or run twice at once: {MaintenanceJob} enqueues it again, and no step runs in two places.
  class TaskRunnerJob < ActiveJob::Base
    queue_as :default

    # The job may have been enqueued in the transaction that creates the task, and be faster than its commit.
    retry_on NotFoundError, wait: 2.seconds, attempts: 5 do |job, _error|
      Tasker.logger.warn { "[tasker] there is no task #{job.arguments.first}: it was rolled back, or pruned" }
    end
    retry_on DatabaseUnavailableError, wait: :polynomially_longer, attempts: 10

    # @param task_id [String]
    # @return [void]
    def perform(task_id)
      run = Running.run_task(task_id)
      return if run.ended? || run.next_ready_at.nil?

      self.class.set(wait_until: run.next_ready_at, queue: queue_name, priority:).perform_later(task_id)
    end
  end
end
