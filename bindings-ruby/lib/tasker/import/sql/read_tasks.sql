-- Batch#read: the tasks of the batch. $1: old ids, $2: tasks created before are paused where they have not ended, or null.
--
-- The id is a UUIDv7: 48 bits of milliseconds, 12 bits for the microseconds within, 62 bits for the old id. So it follows from the row,
-- no two are the same, and they sort as the tasks were made.
-- A state is where the trail ends; a trail may begin with `pending`, which here goes without saying.
insert into pg_temp.import_task (old_task_id, old_named_task_id, task_id, named_task_id, state, live, paused, moves, created_at, started_at,
  last_at, imported_at)
select t.task_id, t.named_task_id,
       (lpad(to_hex(c.micros / 1000), 12, '0') || '7' || lpad(to_hex(c.micros % 1000), 3, '0')
        || to_hex((-9223372036854775808)::bigint | t.task_id))::uuid,
       n.named_task_id, s.state, l.live, l.live and coalesce(c.created_at < $2::timestamptz, false), m.moves, c.created_at, m.started_at, m.last_at, k.now
from ancestor.tasker_tasks t
join ancestor.tasker_named_tasks o on o.named_task_id = t.named_task_id
join ancestor.tasker_task_namespaces os on os.task_namespace_id = o.task_namespace_id
join tasker.namespaces ns on ns.name = os.name
join tasker.named_tasks n on n.namespace_id = ns.namespace_id and n.name = o.name and n.version = o.version
cross join (select tasker.clock() as now) k
cross join lateral (
  select t.created_at::timestamptz as created_at, greatest(extract(epoch from t.created_at::timestamptz) * 1000000, 0)::bigint as micros) c
cross join lateral (
  select count(*) filter (where x.place > 1 or x.to_state <> 'pending') as moves,
         min(x.created_at) filter (where x.to_state = 'in_progress')::timestamptz as started_at,
         (array_agg(x.created_at order by x.place desc))[1]::timestamptz as last_at,
         (array_agg(x.to_state order by x.place desc))[1] as last_state
  from (select y.to_state, y.created_at, row_number() over (order by y.sort_key) as place
        from ancestor.tasker_task_transitions y where y.task_id = t.task_id) x) m
cross join lateral (select coalesce(m.last_state, 'pending')::tasker.state as state) s
cross join lateral (select s.state not in ('complete', 'cancelled', 'resolved_manually') as live) l
where t.task_id = any ($1::bigint[])
