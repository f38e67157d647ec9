# frozen_string_literal: true

module Tasker
  # What a worker does beside its steps, for applications that have jobs and no workers.
  # @api private
  module Maintenance
    # Nobody's task: a worker of it claims nothing.
    NO_TASK = "00000000-0000-7000-8000-000000000000"
    # How many steps are looked at for each handler, priority and kind of task.
    STEPS = 1000
    # The index of ready steps is by lane, and lanes are of one handler each.
    WAITING = <<~SQL
      SELECT DISTINCT ready.task_id
      FROM %<schema>s.lanes
      CROSS JOIN LATERAL (
        SELECT task_id FROM %<schema>s.workflow_steps steps
        WHERE steps.lane_id = lanes.lane_id AND steps.ready_at <= %<schema>s.clock() - make_interval(secs => :seconds)
        ORDER BY steps.ready_at LIMIT :limit
      ) ready
      WHERE lanes.handler IN (:handlers) AND NOT lanes.paused
    SQL
    private_constant :NO_TASK, :STEPS, :WAITING

    module_function

    # Takes back what processes that died had begun, makes partitions, and prunes, as the settings say. It takes a little longer
    # than a lease: who has not watched for so long cannot tell a process that died from a database that was away.
    #
    # @param client [Client]
    # @return [void]
    def watch(client = Tasker.client)
      lease = client.settings[:execution][:lease_seconds]
      nothing = {handlers: ["tasker.maintenance"], concurrency: 1, max_buffered: 0, task_id: NO_TASK}
      native = client.engine.start_worker(Values.to_argument({**nothing, runtime: "ruby", listen: false}))
      ending = now + (lease * 1.1) + 1
      # Asking for nothing, which says that this process is well.
      native.poll(0, [ending - now, 1.0].min) while now < ending
    ensure
      native&.stop_claiming
      native&.shutdown
      Logs.tell
    end

    # Tasks that have a step which this process could run and nobody does.
    #
    # @param ready_for [Numeric] for how many seconds at the least
    # @return [Array<String>] their ids
    def waiting_tasks(ready_for:)
      model = ApplicationRecord
      sql = format(WAITING, schema: model.schema)
      sql = model.sanitize_sql([sql, {handlers: Tasker.handlers.names, seconds: ready_for, limit: STEPS}])
      Connections.with(model) { |connection| connection.select_values(sql, "Tasker") }
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    private_class_method :now
  end
end
