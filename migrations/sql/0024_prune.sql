-- Retention: finished tasks are pruned in small batches, in the order of their ids, which is the order of time.
-- Nothing here runs unless somebody asks for it: rules come with every call.

create index task_identities_expired on tasker.task_identities (expires_at) where expires_at is not null;

-- What is done now and then by whoever finds it due. One row a kind of work; `cursor` is where a sweep goes on.
create table tasker.maintenance (
  name text primary key,
  next_due_at timestamptz not null,
  last_run_at timestamptz,
  cursor uuid
) with (fillfactor = 50);

-- tasker.begin_maintenance(…): takes a kind of work, if it is due: no row otherwise. It is not due again to anybody for
-- p_hold_seconds, so that what a process that dies had taken comes back. Which is no lock: two that work at once are harmless.
-- Locks: the row of the work FOR UPDATE SKIP LOCKED. Loser of a race: finds it taken, or not due.
create function tasker.begin_maintenance(p_name text, p_hold_seconds double precision)
returns table (at_cursor uuid) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := tasker.clock();
begin
  perform 1 from tasker.maintenance m where m.name = p_name and m.next_due_at > v_now;
  if found then
    return;
  end if;
  insert into tasker.maintenance (name, next_due_at) values (p_name, '-infinity') on conflict (name) do nothing;
  return query
  update tasker.maintenance m set next_due_at = v_now + make_interval(secs => p_hold_seconds), last_run_at = v_now
  where m.name = (select x.name from tasker.maintenance x where x.name = p_name and x.next_due_at <= v_now for update skip locked)
  returning m.cursor;
end $$;

-- tasker.end_maintenance(…): says when the work is due next, and where it goes on.
create function tasker.end_maintenance(p_name text, p_next_seconds double precision, p_cursor uuid default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update tasker.maintenance m set next_due_at = tasker.clock() + make_interval(secs => p_next_seconds), cursor = p_cursor
  where m.name = p_name;
end $$;

-- tasker.uuid_at(…): the lowest UUID of an instant: every UUIDv7 made from then on is higher.
create function tasker.uuid_at(p_at timestamptz) returns uuid language sql immutable parallel safe strict as $$
  select (lpad(to_hex(greatest((extract(epoch from p_at) * 1000)::bigint, 0)), 12, '0') || repeat('0', 20))::uuid
$$;

-- The rules of a call, in order: the first that fits a task decides. Null fits everything, but a rule without a state is for
-- the tasks that ended well or were given up: one in `error` is work that somebody still has to look at, and has to be named.
-- Without `older_than_seconds` what the rule fits is kept.
create type tasker.retention_rule as (
  namespace text, name text, state tasker.state, older_than_seconds double precision);

-- tasker.retention_rules(…): reads and checks rules.
create function tasker.retention_rules(p_rules jsonb) returns tasker.retention_rule[] language plpgsql immutable as $$
declare
  v_rules tasker.retention_rule[];
  v_unknown text;
  v_bad text;
begin
  if jsonb_typeof(p_rules) is distinct from 'array' then
    raise exception using errcode = 'TK003', message = 'the rules of retention are a list of objects';
  end if;
  select string_agg(distinct k, ', ') into v_unknown from jsonb_array_elements(p_rules) r cross join lateral jsonb_object_keys(r) k
  where k not in ('namespace', 'name', 'state', 'older_than_seconds');
  if v_unknown is not null then
    raise exception using errcode = 'TK003',
      message = format('a rule of retention has namespace, name, state and older_than_seconds, not %s', v_unknown);
  end if;
  select array_agg(jsonb_populate_record(null::tasker.retention_rule, r.rule) order by r.ord) into v_rules
  from jsonb_array_elements(p_rules) with ordinality r(rule, ord);
  select case when r.state in ('pending', 'in_progress') then format('a task that is %s is not finished and never pruned', r.state)
              else format('older_than_seconds must not be negative, but is %s', r.older_than_seconds) end into v_bad
  from unnest(v_rules) r where r.state in ('pending', 'in_progress') or r.older_than_seconds < 0 limit 1;
  if v_bad is not null then
    raise exception using errcode = 'TK003', message = v_bad;
  end if;
  return coalesce(v_rules, '{}');
end $$;

-- tasker.finished_tasks(…): one page of the history: which tasks after p_after are to be pruned by these rules.
-- Called by: prune_tasks and count_prunable. Looks at p_scan tasks at most and at none younger than the youngest rule: a task
-- cannot have ended before its id says that it was made, but for the day that a caller's clock may be ahead. `page_end`: the
-- last task looked at, null when the page reached the end. Index: tasks_pkey, in order. Locks: none.
create function tasker.finished_tasks(p_rules jsonb, p_after uuid, p_scan int, p_now timestamptz,
  out task_ids uuid[], out ages double precision[], out sizes int[], out page_end uuid)
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_rules tasker.retention_rule[] := tasker.retention_rules(p_rules);
  v_before uuid := tasker.uuid_at(p_now + interval '1 day'
    - make_interval(secs => (select min(r.older_than_seconds) from unnest(v_rules) r)));
  v_looked int;
begin
  if v_before is null then
    return;
  end if;
  select count(*), (array_agg(x.task_id order by x.task_id desc))[1],
         array_agg(x.task_id order by x.task_id) filter (where x.prunable),
         array_agg(x.age order by x.task_id) filter (where x.prunable),
         array_agg(x.total_steps order by x.task_id) filter (where x.prunable)
  into v_looked, page_end, task_ids, ages, sizes
  from (
    select t.task_id, t.total_steps, g.age, coalesce(t.completed_at <= p_now - make_interval(secs => g.age), false) as prunable
    from (select k.task_id, k.total_steps, k.named_task_id, k.state, k.completed_at, k.paused_at from tasker.tasks k
          where k.task_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000') and k.task_id < v_before
          order by k.task_id limit p_scan) t
    left join lateral (
      select r.older_than_seconds as age
      from tasker.named_tasks d join tasker.namespaces n on n.namespace_id = d.namespace_id
      cross join lateral unnest(v_rules) with ordinality r(namespace, name, state, older_than_seconds, ord)
      where d.named_task_id = t.named_task_id and t.state in ('complete', 'error', 'cancelled', 'resolved_manually')
        and t.paused_at is null
        and (r.namespace is null or r.namespace = n.name) and (r.name is null or r.name = d.name)
        and (r.state = t.state or (r.state is null and t.state <> 'error'))
      order by r.ord limit 1) g on true) x;
  if v_looked < p_scan then
    page_end := null;
  end if;
end $$;

-- tasker.count_prunable(…): what prune_tasks would take of one page, by named task and state; `page_end` in every row.
-- One row without a name where there is nothing. Locks: none.
create function tasker.count_prunable(p_rules jsonb, p_after uuid default null, p_scan int default 10000)
returns table (namespace text, name text, state text, tasks bigint, steps bigint, page_end uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  v_page record;
begin
  select * into v_page from tasker.finished_tasks(p_rules, p_after, p_scan, tasker.clock());
  return query
  select n.name::text, d.name::text, t.state::text, count(*), sum(t.total_steps)::bigint, v_page.page_end
  from unnest(v_page.task_ids) k(task_id) join tasker.tasks t on t.task_id = k.task_id
  join tasker.named_tasks d on d.named_task_id = t.named_task_id join tasker.namespaces n on n.namespace_id = d.namespace_id
  group by 1, 2, 3 order by 1, 2, 3;
  if not found then
    return query select null::text, null::text, null::text, 0::bigint, 0::bigint, v_page.page_end;
  end if;
end $$;

-- tasker.lock_prunable(…): takes the next batch: at most p_limit tasks, and no second one once p_most_steps are taken.
-- `task_ids` are locked and may be deleted in this transaction; `next_after` is where the next batch goes on, null at the end.
-- Locks: the steps by (task_id, step_no) FOR UPDATE SKIP LOCKED, then the tasks by task_id FOR UPDATE SKIP LOCKED, looking
-- once more whether they are finished. It waits for nobody. Loser of a race: leaves the task for the next sweep.
-- Index: tasks_pkey, workflow_steps_pkey.
create function tasker.lock_prunable(p_rules jsonb, p_after uuid, p_limit int, p_scan int, p_most_steps int,
  out task_ids uuid[], out next_after uuid)
language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := tasker.clock();
  v_page record;
  v_taken int;
  v_whole uuid[];
  v_ages double precision[];
begin
  select * into v_page from tasker.finished_tasks(p_rules, p_after, p_scan, v_now);
  next_after := v_page.page_end;
  select count(*) into v_taken
  from (select k.ord, sum(k.size) over (order by k.ord) - k.size as before
        from unnest(v_page.sizes) with ordinality k(size, ord)) x
  where x.ord <= p_limit and (x.before < p_most_steps or x.ord = 1);
  if v_taken = 0 then
    return;
  elsif v_taken < cardinality(v_page.task_ids) then
    next_after := v_page.task_ids[v_taken];
  end if;

  -- A task of which somebody holds a step is left alone, as is one of which a step may still run.
  -- One list of tasks and steps, grouped: the planner would join the two lists by comparing every pair.
  select array_agg(l.task_id order by l.task_id), array_agg(l.age order by l.task_id) into v_whole, v_ages
  from (
    select x.task_id, max(x.age) as age, count(*) - 1 as steps, bool_or(x.alive) as alive
    from (select k.task_id, k.age, false as alive
          from unnest(v_page.task_ids[1:v_taken], v_page.ages[1:v_taken]) k(task_id, age)
          union all
          select s.task_id, null, s.alive
          from (select w.task_id, w.state = 'in_progress' or w.ready_at is not null or w.held_at is not null as alive
                from tasker.workflow_steps w where w.task_id = any (v_page.task_ids[1:v_taken])
                order by w.task_id, w.step_no for update of w skip locked) s) x
    group by x.task_id) l
  where not l.alive and l.steps = (select count(*) from tasker.workflow_steps w where w.task_id = l.task_id);

  select array_agg(x.task_id order by x.task_id) into task_ids
  from (select t.task_id
        from unnest(v_whole, v_ages) k(task_id, age) join tasker.tasks t on t.task_id = k.task_id
        where t.state in ('complete', 'error', 'cancelled', 'resolved_manually')
          and t.paused_at is null and t.completed_at <= v_now - make_interval(secs => k.age)
        order by t.task_id for update of t skip locked) x;
end $$;

-- tasker.delete_tasks(…): deletes tasks that lock_prunable locked, with all that belongs to them. Their identities stay.
-- The ids are in order; their range leaves the other partitions of the trail alone.
create function tasker.delete_tasks(p_task_ids uuid[], out tasks bigint, out steps bigint)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_first uuid := p_task_ids[1];
  v_last uuid := p_task_ids[cardinality(p_task_ids)];
begin
  delete from tasker.workflow_step_transitions x where x.task_id between v_first and v_last and x.task_id = any (p_task_ids);
  delete from tasker.task_transitions x where x.task_id between v_first and v_last and x.task_id = any (p_task_ids);
  delete from tasker.task_annotations x where x.task_id = any (p_task_ids);
  delete from tasker.task_search_attributes x where x.task_id = any (p_task_ids);
  delete from tasker.workflow_steps x where x.task_id = any (p_task_ids);
  get diagnostics steps = row_count;
  delete from tasker.tasks x where x.task_id = any (p_task_ids);
  get diagnostics tasks = row_count;
end $$;

-- tasker.prune_tasks(…): deletes one batch of finished tasks; repeat it with `next_after` until that is null, each call a
-- transaction of its own. Locks and loser of a race: as lock_prunable.
create function tasker.prune_tasks(p_rules jsonb, p_after uuid default null, p_limit int default 500, p_scan int default 2000,
  p_most_steps int default 10000)
returns table (tasks bigint, steps bigint, next_after uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_batch record;
begin
  select * into v_batch from tasker.lock_prunable(p_rules, p_after, p_limit, p_scan, p_most_steps);
  return query select d.tasks, d.steps, v_batch.next_after from tasker.delete_tasks(v_batch.task_ids) d;
end $$;

-- tasker.archive_tasks(…): as prune_tasks, but in two calls of one transaction: this one locks the batch and returns it for an
-- archive; delete_archived(…) deletes what it is given back. Rows come by task and part: part 0 is the task itself, then its
-- steps (1), the trail of its steps (2) and its own (3), annotations (4), search attributes (5). The last row has part 9, no
-- task, and in `document` where the next batch goes on: null at the end.
create function tasker.archive_tasks(p_rules jsonb, p_after uuid default null, p_limit int default 500, p_scan int default 2000,
  p_most_steps int default 10000)
returns table (task_id uuid, part int, document text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
  v_batch record;
  v_first uuid;
  v_last uuid;
begin
  select * into v_batch from tasker.lock_prunable(p_rules, p_after, p_limit, p_scan, p_most_steps);
  v_first := v_batch.task_ids[1];
  v_last := v_batch.task_ids[cardinality(v_batch.task_ids)];
  return query
  select x.task_id, x.part, x.document from (
    select t.task_id, 0 as part, 0 as a, 0::bigint as b,
           (jsonb_build_object('namespace', n.name, 'name', d.name, 'version', d.version) || to_jsonb(t))::text as document
    from tasker.tasks t join tasker.named_tasks d on d.named_task_id = t.named_task_id
    join tasker.namespaces n on n.namespace_id = d.namespace_id
    where t.task_id = any (v_batch.task_ids)
    union all
    select s.task_id, 1, s.step_no, 0, (jsonb_build_object('name', p.name, 'handler', p.handler) || to_jsonb(s) - 'task_id')::text
    from tasker.workflow_steps s join tasker.step_templates p on p.step_template_id = s.step_template_id
    where s.task_id = any (v_batch.task_ids)
    union all
    select r.task_id, 2, r.step_no, r.seq, (to_jsonb(r) - 'task_id')::text
    from tasker.workflow_step_transitions r
    where r.task_id between v_first and v_last and r.task_id = any (v_batch.task_ids)
    union all
    select r.task_id, 3, 0, r.seq, (to_jsonb(r) - 'task_id')::text
    from tasker.task_transitions r
    where r.task_id between v_first and v_last and r.task_id = any (v_batch.task_ids)
    union all
    select m.task_id, 4, 0, m.task_annotation_id, (jsonb_build_object('annotation_type', y.name) || to_jsonb(m) - 'task_id')::text
    from tasker.task_annotations m join tasker.annotation_types y on y.annotation_type_id = m.annotation_type_id
    where m.task_id = any (v_batch.task_ids)
    union all
    select e.task_id, 5, row_number() over (partition by e.task_id order by e.name)::int, 0, (to_jsonb(e) - 'task_id')::text
    from tasker.task_search_attributes e where e.task_id = any (v_batch.task_ids)) x
  order by x.task_id, x.part, x.a, x.b;
  return query select null::uuid, 9, v_batch.next_after::text;
end $$;

-- tasker.delete_archived(…): deletes tasks that archive_tasks gave, in the same transaction: their locks keep them as they were
-- archived. What is not finished, or paused, or held by somebody else, is left alone: it was not archived in this transaction.
create function tasker.delete_archived(p_task_ids uuid[])
returns table (tasks bigint, steps bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_ids uuid[];
begin
  select array_agg(x.task_id order by x.task_id) into v_ids
  from (select t.task_id from tasker.tasks t
        where t.task_id = any (p_task_ids) and t.state in ('complete', 'error', 'cancelled', 'resolved_manually') and t.paused_at is null
        order by t.task_id for update skip locked) x;
  return query select d.tasks, d.steps from tasker.delete_tasks(v_ids) d;
end $$;

-- tasker.prune_leftovers(…): what nobody needs any more: identities whose time is over, and workers that ended long ago, with
-- what is left of their claims. At most p_limit of each; repeat it while it finds as many.
-- Locks: the rows FOR UPDATE SKIP LOCKED: it waits for nobody. A request for an identity that goes waits, and is the first.
-- Index: task_identities_expired; workers is small, one row a boot.
create function tasker.prune_leftovers(p_workers_seconds double precision default null, p_limit int default 1000)
returns table (identities bigint, workers bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := tasker.clock();
begin
  with gone as (
    select i.scope, i.digest from tasker.task_identities i where i.expires_at <= v_now
    order by i.expires_at limit p_limit for update skip locked)
  delete from tasker.task_identities i using gone g where i.scope = g.scope and i.digest = g.digest;
  get diagnostics identities = row_count;

  with gone as (
    select w.worker_id from tasker.workers w where w.stopped_at <= v_now - make_interval(secs => p_workers_seconds)
    order by w.worker_id limit p_limit for update skip locked),
  claims as (delete from tasker.worker_claims c using gone g where c.worker_id = g.worker_id)
  delete from tasker.workers w using gone g where w.worker_id = g.worker_id;
  get diagnostics workers = row_count;
  return next;
end $$;
