-- Partitions#create: the partitions that the history needs: ranges of $1 seconds, whole multiples of it since 1970, from the oldest
-- task to where the first partition begins, else to the current week, where the engine will begin. Two rows a range, one for each
-- table, oldest first. A range of which DEFAULT holds rows already cannot be attached, and is left to DEFAULT.
with bound as (
  select floor(extract(epoch from min(t.created_at::timestamptz)) / $1::int) as first,
         coalesce((select min(x.from_at) from tasker.trail_partitions() x),
                  to_timestamp(floor(extract(epoch from tasker.clock()) / 604800) * 604800)) as last_at
  from ancestor.tasker_tasks t),
range as (
  select to_timestamp(g.n * $1::int) as from_at, least(to_timestamp((g.n + 1) * $1::int), b.last_at) as to_at
  from bound b cross join lateral generate_series(b.first, ceil(extract(epoch from b.last_at) / $1::int) - 1) g(n))
select c.relname || to_char(r.from_at at time zone 'utc', '"_"YYYYMMDD"t"HH24MISS') as name, s.nspowner::regrole::text as owner,
       format('create table if not exists %I.%I partition of %I.%I for values from (%L) to (%L) with '
              '(autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)',
              s.nspname, c.relname || to_char(r.from_at at time zone 'utc', '"_"YYYYMMDD"t"HH24MISS'), s.nspname, c.relname,
              tasker.uuid_at(r.from_at), tasker.uuid_at(r.to_at)) as command
from range r
cross join pg_class c join pg_namespace s on s.oid = c.relnamespace
where c.oid in ('tasker.workflow_step_transitions'::regclass, 'tasker.task_transitions'::regclass)
  and not exists (select from tasker.workflow_step_transitions_default d
                  where d.task_id >= tasker.uuid_at(r.from_at) and d.task_id < tasker.uuid_at(r.to_at))
  and not exists (select from tasker.task_transitions_default d
                  where d.task_id >= tasker.uuid_at(r.from_at) and d.task_id < tasker.uuid_at(r.to_at))
order by r.from_at, c.relname desc
