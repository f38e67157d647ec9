-- Target#workers: who is alive: whoever was heard of within its lease. Index: workers_live.
select w.name, w.host, w.process_id
from tasker.workers w join tasker.worker_heartbeats h on h.worker_id = w.worker_id
where w.stopped_at is null and w.state in ('alive', 'draining')
  and h.heartbeat_at + make_interval(secs => w.lease_seconds) >= tasker.clock()
order by w.worker_id
