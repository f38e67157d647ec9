# frozen_string_literal: true

module Tasker
  # Jobs for new tasks, in applications that have job processes and no workers: `execution.run_tasks_in_jobs`.
  # @api private
  module Jobs
    module_function

    # @return [Boolean] whether new tasks get jobs in this process
    def wanted?
      Tasker.models? && defined?(::ActiveJob::Base) && Tasker.configuration.execution.run_tasks_in_jobs ? true : false
    end

    # Enqueues a {TaskRunnerJob} for each task that is new, after the commit of the transaction that it is created in; none where that
    # is rolled back. A job that cannot be enqueued is noted in the log: the task is there, and {MaintenanceJob} finds it.
    #
    # Nobody can tell when a transaction of Rails 7.1 or of a connection of pg is committed. The job comes early then, and is patient.
    #
    # @param created [Array<Created>]
    # @param connection [Object, nil] what it was created on, where that is the application's: see {Connections.execute_on}
    # @return [void]
    def enqueue(created, connection = nil)
      return unless wanted?

      task_ids = created.select(&:created?).map(&:task_id)
      return if task_ids.empty?

      enqueuing = -> { task_ids.each { |task_id| enqueue_for(task_id) } }
      transaction = transaction_of(connection)
      transaction ? transaction.after_commit(&enqueuing) : enqueuing.call
    end

    def enqueue_for(task_id)
      TaskRunnerJob.perform_later(task_id)
    rescue => e
      Tasker.logger.error { "[tasker] no job for task #{task_id}: #{e.message} (#{e.class}); Tasker::MaintenanceJob will enqueue one" }
    end

    # @return [ActiveRecord::Transaction, nil]
    def transaction_of(connection)
      return unless defined?(::ActiveRecord::Transaction) && connection.respond_to?(:current_transaction)

      transaction = connection.current_transaction
      # That of a class; a connection has one of another kind.
      transaction.is_a?(::ActiveRecord::Transaction) ? transaction : transaction.user_transaction
    end
    private_class_method :enqueue_for, :transaction_of
  end
end
