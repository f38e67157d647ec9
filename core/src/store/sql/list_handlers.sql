-- Client::list_handlers: what templates name, and what is paused, by name; how many there are, and whether more follow. Index:
-- lanes_handler, workflow_steps_ready (a bounded range a lane).
with name as (
  select distinct l.handler from tasker.lanes l
  union select p.handler from tasker.pauses p where p.handler is not null)
select jsonb_build_object('handler', h.handler,
  'named_tasks', coalesce((
    select jsonb_agg(distinct n.name || '.' || l.task_name) from tasker.lanes l join tasker.namespaces n on n.namespace_id = l.namespace_id
    where l.handler = h.handler), '[]'),
  'live_workers', (
    select count(*) from tasker.workers w join tasker.worker_heartbeats b on b.worker_id = w.worker_id
    where w.stopped_at is null and w.state = 'alive' and h.handler = any (w.handlers)
      and b.heartbeat_at + make_interval(secs => w.lease_seconds) >= tasker.clock()),
  'waiting', coalesce((
    select sum(c.count) from tasker.lanes l cross join lateral (
      select count(*) from (
        select from tasker.workflow_steps s where s.lane_id = l.lane_id and s.ready_at <= tasker.clock() limit 1000) s) c
    where l.handler = h.handler), 0),
  'pause', (select jsonb_build_object('scope', 'handler', 'name', h.handler, 'since', p.paused_at, 'by', p.paused_by, 'reason', p.reason)
            from tasker.pauses p where p.handler = h.handler))::text,
  h.total, h.place < h.total
from (
  select n.handler, count(*) over () as total, row_number() over (order by n.handler) as place
  from name n where $1::text is null or position($1 in n.handler) > 0) h
where $2::text is null or h.handler > $2
order by h.handler limit $3
