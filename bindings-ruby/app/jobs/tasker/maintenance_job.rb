# frozen_string_literal: true

require "tasker/maintenance"

module Tasker
  # What a worker does beside its steps, for applications that have jobs and no workers: it takes back what processes that died had
  # begun, prunes as the settings say, and enqueues a {TaskRunnerJob} for each task that has a step ready and nobody who runs it.
  #
  # Have it run every few minutes, by whatever the application's jobs are scheduled with. It takes a little longer than
  # `execution.lease_seconds`. With Solid Queue:
  #
  #   # config/recurring.yml
  #   production:
  #     tasker_maintenance:
  #       class: Tasker::MaintenanceJob
  #       schedule: every 5 minutes
  class MaintenanceJob < ActiveJob::Base
    queue_as :default

    # The next one is due soon.
    discard_on DatabaseUnavailableError

    # @param ready_for [Integer] for how many seconds a step has been ready at the least: jobs that are on their way come first
    # @return [void]
    def perform(ready_for: 60)
      Maintenance.watch
      Maintenance.waiting_tasks(ready_for:).each { |task_id| TaskRunnerJob.perform_later(task_id) }
    end
  end
end
