-- The partitions of the trail, made ahead by range of task_id (a UUIDv7 is a time) and dropped by age. Both tables of the
-- trail have the same ranges. A DEFAULT partition takes whatever no other one does, always.

-- tasker.range_time(…): the instant at which a range begins or ends.
create function tasker.range_time(p_id uuid) returns timestamptz language sql immutable parallel safe strict as $$
  select to_timestamp(('x' || translate(substring(p_id::text for 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;

-- tasker.trail_partitions(): the partitions but DEFAULT, of both tables, oldest first.
create function tasker.trail_partitions()
returns table (parent text, partition text, from_id uuid, to_id uuid, from_at timestamptz, to_at timestamptz, bytes bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.relname::text, c.relname::text, b.ids[1]::uuid, b.ids[2]::uuid, tasker.range_time(b.ids[1]::uuid), tasker.range_time(b.ids[2]::uuid),
         pg_total_relation_size(c.oid)
  from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
  cross join lateral (
    select regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([0-9a-f-]+)''\) TO \(''([0-9a-f-]+)''\)') as ids) b
  where p.oid in ('tasker.workflow_step_transitions'::regclass, 'tasker.task_transitions'::regclass) and b.ids is not null
  order by 3, 1
$$;

-- tasker.add_trail_partitions(…): makes the partitions from now to p_ahead widths from now, at most p_limit in one call.
-- Called by: any worker, now and then; migrate. Many at once make each partition once. Returns what was made.
-- Locks: both tables of the trail SHARE ROW EXCLUSIVE, in this order, for as long as it takes to look through a small DEFAULT
-- partition; writers wait, readers do not. It gives up (55P03) rather than have them wait for whoever it waits for itself.
-- A range begins where the last partition ends, and never below a row that DEFAULT holds: such a range could not be attached.
-- DEFAULT above p_most_default_bytes is not looked through while writers wait: 54000 tells how to bring it down.
create function tasker.add_trail_partitions(p_width_seconds double precision default 604800, p_ahead int default 4, p_limit int default 8,
  p_most_default_bytes bigint default 67108864)
returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $$
declare
  v_now timestamptz := tasker.clock();
  v_parents constant regclass[] := array['tasker.workflow_step_transitions'::regclass, 'tasker.task_transitions'::regclass];
  v_parent regclass;
  v_from timestamptz;
  v_to timestamptz;
  v_highest uuid;
  v_name text;
  v_schema text := (select n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = 'tasker.channel'::regproc);
begin
  if not (p_width_seconds >= 60) or p_ahead < 1 then
    raise exception using errcode = 'TK003', message = 'a partition is at least 60 seconds wide, and at least one is made ahead';
  end if;
  if coalesce((select max(x.to_at) from tasker.trail_partitions() x), '-infinity') >= v_now + make_interval(secs => p_width_seconds * p_ahead) then
    return;
  end if;
  lock table tasker.workflow_step_transitions in share row exclusive mode;
  lock table tasker.task_transitions in share row exclusive mode;
  if pg_relation_size('tasker.workflow_step_transitions_default') + pg_relation_size('tasker.task_transitions_default') > p_most_default_bytes then
    raise exception using errcode = '54000',
      message = format('the DEFAULT partitions of the trail hold more than %s bytes: partitions are not added while everybody waits for them to be looked through', p_most_default_bytes),
      hint = 'prune old tasks and vacuum, or call tasker.add_trail_partitions with a larger p_most_default_bytes at a quiet hour';
  end if;
  select greatest((select d.task_id from tasker.workflow_step_transitions_default d order by d.task_id desc limit 1),
                  (select d.task_id from tasker.task_transitions_default d order by d.task_id desc limit 1)) into v_highest;
  -- Ranges are whole multiples of the width since 1970; after a change of the width the first one closes the gap.
  v_from := to_timestamp(floor(extract(epoch from v_now) / p_width_seconds) * p_width_seconds);
  v_from := greatest(v_from, (select max(x.to_at) from tasker.trail_partitions() x));
  if v_highest >= tasker.uuid_at(v_from) then
    v_from := to_timestamp((floor(extract(epoch from tasker.range_time(v_highest)) / p_width_seconds) + 1) * p_width_seconds);
  end if;
  for n in 1 .. p_limit loop
    exit when v_from >= v_now + make_interval(secs => p_width_seconds * p_ahead);
    v_to := to_timestamp((floor(extract(epoch from v_from) / p_width_seconds) + 1) * p_width_seconds);
    foreach v_parent in array v_parents loop
      v_name := (select c.relname from pg_class c where c.oid = v_parent) || to_char(v_from at time zone 'utc', '"_"YYYYMMDD"t"HH24MISS');
      execute format('create table %I.%I partition of %s for values from (%L) to (%L) with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)',
        v_schema, v_name, v_parent, tasker.uuid_at(v_from), tasker.uuid_at(v_to));
      return next v_name;
    end loop;
    v_from := v_to;
  end loop;
end $$;

-- tasker.drop_trail_partitions(…): detaches and drops the partitions that ended p_older_than_seconds ago, those of at most
-- p_limit ranges, and only where no task of the range may still run or be retried. A row for each table looked at; `blocked_by`
-- is such a task, and the table stays.
-- Locks: the parent, the partition and DEFAULT ACCESS EXCLUSIVE, for as long as it takes to change the catalogue; it gives up
-- (55P03) rather than have everybody wait. DETACH … CONCURRENTLY is not to be had beside a DEFAULT partition.
-- Index: tasks_pkey, the tasks of the range.
create function tasker.drop_trail_partitions(p_older_than_seconds double precision, p_limit int default 1)
returns table (dropped text, blocked_by uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' set enable_seqscan = off as $$
declare
  v_range record;
  v_dropped int := 0;
  v_schema text := (select n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = 'tasker.channel'::regproc);
begin
  -- A task may be made with an id of a day ago.
  if not (p_older_than_seconds >= 172800) then
    raise exception using errcode = 'TK003', message = format('the trail is kept for at least two days (172800 seconds), not %s', p_older_than_seconds);
  end if;
  for v_range in
    select x.from_id, x.to_id, array_agg(x.partition order by x.parent desc) as partitions, array_agg(x.parent order by x.parent desc) as parents
    from tasker.trail_partitions() x where x.to_at <= tasker.clock() - make_interval(secs => p_older_than_seconds)
    group by 1, 2 order by 1
  loop
    exit when v_dropped >= p_limit;
    blocked_by := (select t.task_id from tasker.tasks t where t.task_id >= v_range.from_id and t.task_id < v_range.to_id
                   and t.state in ('pending', 'in_progress', 'error') order by t.task_id limit 1);
    for n in 1 .. cardinality(v_range.partitions) loop
      dropped := v_range.partitions[n];
      if blocked_by is null then
        execute format('alter table %I.%I detach partition %I.%I', v_schema, v_range.parents[n], v_schema, v_range.partitions[n]);
        execute format('drop table %I.%I', v_schema, v_range.partitions[n]);
      end if;
      return next;
    end loop;
    v_dropped := v_dropped + (blocked_by is null)::int;
  end loop;
end $$;
