-- Workers that live, and those that ended in the last hour.
select jsonb_build_object('worker_id', w.worker_id, 'name', w.name, 'host', w.host, 'process_id', w.process_id, 'runtime', w.runtime,
  'version', w.version, 'handlers', to_jsonb(w.handlers), 'concurrency', w.concurrency, 'lease_seconds', w.lease_seconds,
  'state', w.state, 'idle', w.idle, 'started_at', w.started_at, 'heartbeat_at', w.heartbeat_at, 'stopped_at', w.stopped_at)::text
from tasker.workers w
where w.stopped_at is null or w.stopped_at > tasker.clock() - interval '1 hour'
order by w.worker_id
