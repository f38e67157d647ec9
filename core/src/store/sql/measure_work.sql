-- Client::measurements: work by namespace: tasks and steps by state, of the newest 20,000 tasks and the newest 100,000 steps; what
-- is ready, up to 10,000 steps a lane; workers. Counting all would cost as much as the history is long.
-- Of the oldest 100 namespaces each is shown, the rest as one. The limits stand here, because the planner has to know them.
-- Index: tasks_pkey and workflow_steps_pkey backwards, workflow_steps_ready, workers_live. Locks: none.
with clock as materialized (select tasker.clock() as now),
shown as (
  select n.namespace_id, case when row_number() over (order by n.namespace_id) <= 100 then n.name else 'other' end as namespace
  from tasker.namespaces n),
task as (
  select n.namespace, c.state, sum(c.count) as count
  from (select k.named_task_id, k.state, count(*) as count
        from (select t.named_task_id, t.state from tasker.tasks t order by t.task_id desc limit 20000) k group by 1, 2) c
  join tasker.named_tasks t on t.named_task_id = c.named_task_id join shown n on n.namespace_id = t.namespace_id
  group by 1, 2),
step as (
  select n.namespace, c.state, sum(c.count) as count, sum(c.final) as final
  from (select k.lane_id, k.state, count(*) as count,
               count(*) filter (where k.state = 'error' and k.ready_at is null and k.held_at is null) as final
        from (select s.lane_id, s.state, s.ready_at, s.held_at from tasker.workflow_steps s
              order by s.task_id desc, s.step_no desc limit 100000) k group by 1, 2) c
  join tasker.lanes l on l.lane_id = c.lane_id join shown n on n.namespace_id = l.namespace_id
  group by 1, 2),
ready as (
  select n.namespace, coalesce(sum(r.count) filter (where not l.paused), 0) as ready,
         coalesce(sum(r.count) filter (where l.paused), 0) as paused, min(r.oldest) filter (where not l.paused) as oldest
  from clock c cross join tasker.lanes l join shown n on n.namespace_id = l.namespace_id
  cross join lateral (
    select count(*) as count, min(s.ready_at) as oldest
    from (select x.ready_at from tasker.workflow_steps x where x.lane_id = l.lane_id and x.ready_at <= c.now
          order by x.ready_at limit 10000) s) r
  group by 1),
worker as (
  select case when h.heartbeat_at + make_interval(secs => w.lease_seconds) < c.now then 'lost' else w.state end as state,
         count(*) as count, sum(w.concurrency) as slots
  from clock c cross join tasker.workers w join tasker.worker_heartbeats h on h.worker_id = w.worker_id
  where w.stopped_at is null and w.state in ('alive', 'draining') group by 1)
select jsonb_build_object(
  'tasks', (select coalesce(jsonb_agg(jsonb_build_object('namespace', t.namespace, 'state', t.state, 'count', t.count)), '[]') from task t),
  'steps', (select coalesce(jsonb_agg(jsonb_build_object('namespace', s.namespace, 'state', s.state, 'count', s.count, 'final', s.final)), '[]') from step s),
  'ready', (select coalesce(jsonb_agg(jsonb_build_object('namespace', r.namespace, 'ready', r.ready, 'paused', r.paused,
              'oldest_seconds', greatest(extract(epoch from c.now - r.oldest), 0))), '[]') from ready r cross join clock c),
  'workers', (select coalesce(jsonb_agg(jsonb_build_object('state', w.state, 'count', w.count, 'slots', w.slots)), '[]') from worker w))::text
