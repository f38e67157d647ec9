# frozen_string_literal: true

module Tasker
  # Jobs for new tasks, in applications that have job processes and no workers: `execution.run_tasks_in_jobs`.
  # @api private
  module Jobs
    module_function

    # Enqueues a {TaskRunnerJob} for each task that is new, after the commit of the transaction that it is created in.
    #
    # @param created [Array<Created>]
    # @param connection [Object, nil] what it was created on, where that is the application's; a class of ActiveRecord knows when
    #   its transaction is committed. Elsewhere the job comes early, and is patient
    # @return [void]
    def enqueue(created, connection = nil)
      return unless Tasker.models? && defined?(::ActiveJob::Base) && Tasker.configuration.execution.run_tasks_in_jobs

      task_ids = created.select(&:created?).map(&:task_id)
      return if task_ids.empty?

      after_commit(connection) { task_ids.each { |task_id| TaskRunnerJob.perform_later(task_id) } }
    end

    # Rails 7.1 cannot tell.
    def after_commit(connection, &)
      return yield unless connection.respond_to?(:current_transaction) && connection.is_a?(Class)

      connection.current_transaction.after_commit(&)
    end
    private_class_method :after_commit
  end
end
