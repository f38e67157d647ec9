-- Client::doctor: what was paused more than $1 seconds ago, oldest first: handlers, namespaces, named tasks; and tasks, of the
-- newest 10,000. `waiting`: steps that could be claimed otherwise, at most 1,000 a lane.
-- Index: workflow_steps_ready, tasks_pkey backwards. Locks: none.
select jsonb_build_object('scope', p.scope, 'name', p.name, 'since', p.since, 'by', p.by, 'reason', p.reason, 'waiting', p.waiting)::text
from (
  select case when q.handler is not null then 'handler' when q.task_name is not null then 'named_task' else 'namespace' end as scope,
         coalesce(q.handler, q.namespace || '.' || q.task_name, q.namespace) as name, q.paused_at as since, q.paused_by as by, q.reason,
         (select sum(c.count) from tasker.lanes l join tasker.namespaces n on n.namespace_id = l.namespace_id
          cross join lateral (select count(*) from (
            select from tasker.workflow_steps s where s.lane_id = l.lane_id and s.ready_at <= tasker.clock() limit 1000) s) c
          where (q.namespace is null or n.name = q.namespace) and (q.task_name is null or l.task_name = q.task_name)
            and (q.handler is null or l.handler = q.handler)) as waiting
  from tasker.pauses q
  union all
  select 'task', k.task_id::text, k.paused_at, k.paused_by, k.paused_reason, null
  from (select x.* from tasker.tasks x order by x.task_id desc limit 10000) k
  where k.paused_at is not null and k.state in ('pending', 'in_progress', 'error')) p
where p.since < tasker.clock() - make_interval(secs => $1)
order by p.since limit 20
