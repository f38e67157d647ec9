-- Client::doctor: handlers whose steps could be claimed now, and no live worker that has them asks for work. As `why` sees it.
-- Index: workflow_steps_ready (at most 1,000 entries a lane), workers_live, workflow_steps_pkey. Locks: none.
with asking as (
  select h.handler, bool_or(coalesce(b.last_polled_at, w.started_at) >= b.heartbeat_at) as asks
  from tasker.workers w join tasker.worker_heartbeats b on b.worker_id = w.worker_id cross join lateral unnest(w.handlers) h(handler)
  where w.stopped_at is null and w.state = 'alive' and b.heartbeat_at + make_interval(secs => w.lease_seconds) >= tasker.clock()
  group by 1)
select jsonb_build_object('handler', l.handler, 'waiting', sum(c.count), 'since', min(c.since), 'hangs', bool_or(a.handler is not null),
  'task_id', (array_agg(c.task_id order by c.since))[1], 'step_no', (array_agg(c.step_no order by c.since))[1])::text
from tasker.lanes l left join asking a on a.handler = l.handler
cross join lateral (
  select count(*) as count, min(s.ready_at) as since, (array_agg(s.task_id order by s.ready_at))[1] as task_id,
         (array_agg(s.step_no order by s.ready_at))[1] as step_no
  from (select x.task_id, x.step_no, x.ready_at from tasker.workflow_steps x
        where x.lane_id = l.lane_id and x.ready_at <= tasker.clock() order by x.ready_at limit 1000) s) c
where not l.paused and c.count > 0 and not coalesce(a.asks, false)
group by l.handler order by min(c.since) limit 20
