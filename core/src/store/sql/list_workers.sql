-- Client::list_workers: workers by id, with what they hold; how many there are, and whether more follow. Index: workers_pkey,
-- workers_live, worker_heartbeats_pkey; worker_claims_pkey for `held`.
select jsonb_build_object('worker_id', w.worker_id, 'name', w.name, 'host', w.host, 'process_id', w.process_id, 'runtime', w.runtime,
  'version', w.version, 'handlers', to_jsonb(w.handlers), 'concurrency', w.concurrency, 'lease_seconds', w.lease_seconds,
  'health', w.health, 'idle', w.idle, 'held', case when w.stopped_at is null then (select count(*) from tasker.held_steps(w.worker_id)) else 0 end,
  'started_at', w.started_at, 'heartbeat_at', case when w.heartbeat_at = '-infinity' then w.started_at else w.heartbeat_at end,
  'last_polled_at', w.last_polled_at, 'stopped_at', w.stopped_at, 'oldest_running', w.oldest_running,
  'stuck', coalesce((w.oldest_running ->> 'seconds')::double precision > (
    select t.timeout_seconds from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
    where s.task_id = (w.oldest_running ->> 'task_id')::uuid and s.step_no = (w.oldest_running ->> 'step_no')::int), false))::text,
  w.total, w.place < w.total
from (
  select y.*, count(*) over () as total, row_number() over (order by y.worker_id) as place
  from (
    select x.*, b.heartbeat_at, b.last_polled_at, b.oldest_running, b.idle, case when x.stopped_at is not null or x.state in ('stopped', 'dead') then case x.state when 'stopped' then 'stopped' else 'dead' end
      when b.heartbeat_at + make_interval(secs => x.lease_seconds) < tasker.clock() then 'lost'
      when x.state = 'draining' then 'draining'
      when coalesce(b.last_polled_at, x.started_at) >= b.heartbeat_at then 'alive' else 'hangs' end as health
    from tasker.workers x join tasker.worker_heartbeats b on b.worker_id = x.worker_id
    where ($1::bigint is null or x.worker_id = $1) and ($3::text is null or $3 = any (x.handlers))
      and ($4 or x.stopped_at is null)) y
  where cardinality($2::text[]) = 0 or y.health = any ($2)) w
where $5::bigint is null or w.worker_id > $5
order by w.worker_id limit $6
