-- Who did what, why and from where, also where no state moves: changed limits, inputs, labels and priorities, pauses and what ends
-- them, annotations of somebody who is named. Every other verb is kept with the transition that it makes.

-- Beside the trail and as old as it: the actions on a task go with the task, or with the partitions of its time. `task_id` is null
-- for those on a namespace, a named task or a handler. `metadata` is that of a transition (`tasker.audit`), and with `changed` each
-- value that is another now, `from` and `to`.
create table tasker.operator_actions (
  action_id bigint generated always as identity primary key,
  task_id uuid,
  step_no int,
  namespace text,
  task_name text,
  handler text,
  created_at timestamptz not null,
  metadata jsonb not null
);
create index operator_actions_task on tasker.operator_actions (task_id) where task_id is not null;
create index operator_actions_scope on tasker.operator_actions (created_at) where task_id is null;

-- tasker.keep_action(…): keeps what was done to a task or a step. p_changed: null where no value is another now.
create function tasker.keep_action(p_task_id uuid, p_step_no int, p_metadata jsonb, p_changed jsonb default null)
returns void language sql as $$
  insert into tasker.operator_actions (task_id, step_no, created_at, metadata)
  values (p_task_id, p_step_no, tasker.clock(), p_metadata || case when p_changed is null then '{}' else jsonb_build_object('changed', p_changed) end)
$$;

-- tasker.changes(…): the values of one object that are others in the other, each with `from` and `to`; null where none is.
create function tasker.changes(p_before jsonb, p_after jsonb) returns jsonb language sql immutable parallel safe as $$
  select jsonb_object_agg(b.key, jsonb_build_object('from', b.value, 'to', p_after -> b.key))
  from jsonb_each(p_before) b where b.value is distinct from p_after -> b.key
$$;

-- tasker.hold_task(…): keeps a task and its steps as they are until the transaction ends: whoever changes it only if it is as it was
-- shown looks again under these locks, and changes it.
-- Locks: its steps in order FOR NO KEY UPDATE, then the task FOR UPDATE. Loser of a race: waits its turn, and then looks.
create function tasker.hold_task(p_task_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
  perform 1 from tasker.workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
  perform 1 from tasker.tasks t where t.task_id = p_task_id for update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
end $$;

-- tasker.update_task(…): reason, tags, priority (of the steps that have not started). p_because: why it is changed; p_reason is the
-- reason that the task itself has.
drop function tasker.update_task(uuid, text, text[], int);
create function tasker.update_task(p_task_id uuid, p_reason text default null, p_tags text[] default null, p_priority int default null,
  p_by text default null, p_because text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_before jsonb;
  v_changed jsonb;
begin
  if p_priority not between 0 and 9 then
    raise exception using errcode = 'TK003', message = format('priority is 0 (first) to 9 (last), not %s', p_priority);
  end if;
  if p_priority is not null then
    perform 1 from tasker.workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
    update tasker.workflow_steps s set lane_id = tasker.sibling_lane(s.lane_id, p_priority, null)
    where s.task_id = p_task_id and s.state in ('pending', 'error');
  end if;
  select jsonb_build_object('reason', t.reason, 'tags', t.tags, 'priority', t.priority) into v_before
  from tasker.tasks t where t.task_id = p_task_id for no key update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  update tasker.tasks t
  set reason = coalesce(p_reason, t.reason), tags = coalesce(p_tags, t.tags), priority = coalesce(p_priority, t.priority)
  where t.task_id = p_task_id
  returning tasker.changes(v_before, jsonb_build_object('reason', t.reason, 'tags', t.tags, 'priority', t.priority)) into v_changed;
  if v_changed is not null then
    perform tasker.keep_action(p_task_id, null, tasker.audit('update_task', p_by, p_because), v_changed);
  end if;
end $$;

-- tasker.update_step(…): a new retry limit, or the step's own inputs. Raising the limit of an exhausted step makes it
-- eligible again by itself; lowering it to the attempts made exhausts it. A step that lost its worker is never exhausted by
-- that, whatever the count (decisions.md 31), unless the new limit says that it may run once only.
create or replace function tasker.update_step(p_task_id uuid, p_step_no int, p_retry_limit int default null, p_inputs jsonb default null,
  p_by text default null, p_reason text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_now timestamptz := tasker.clock();
  v_step tasker.workflow_steps := tasker.operate_on_step(p_task_id, p_step_no);
  v_before constant jsonb := jsonb_build_object('retry_limit', v_step.retry_limit, 'inputs', v_step.inputs);
  v_template tasker.step_templates;
  v_waits boolean := v_step.ready_at is not null or v_step.held_at is not null;
  v_again boolean;
begin
  if p_retry_limit not between 1 and 32767 then
    raise exception using errcode = 'TK003', message = format(
      'retry_limit counts executions and is at least 1 (one execution, no retry) and at most 32767, not %s', p_retry_limit);
  elsif p_inputs is not null and jsonb_typeof(p_inputs) <> 'object' then
    raise exception using errcode = 'TK003', message = format('inputs must be a JSON object, not %s', jsonb_typeof(p_inputs));
  elsif v_step.state in ('complete', 'cancelled', 'resolved_manually') then
    perform tasker.refuse_move(p_task_id, p_step_no, 'update', v_step.state);
  end if;
  perform tasker.refuse_ended_task(p_task_id, 'update');
  select * into strict v_template from tasker.step_templates t where t.step_template_id = v_step.step_template_id;

  update tasker.workflow_steps s
  set retry_limit = coalesce(p_retry_limit, s.retry_limit), inputs = coalesce(p_inputs, s.inputs),
      lane_id = case when s.state = 'in_progress' then s.lane_id else tasker.sibling_lane(s.lane_id, null,
        tasker.claim_mode(s.attempts, coalesce(p_retry_limit, s.retry_limit), s.worker_losses, 3)) end
  where s.task_id = p_task_id and s.step_no = p_step_no;
  select * into strict v_step from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;
  perform tasker.keep_action(p_task_id, p_step_no, tasker.audit('update_step', p_by, p_reason),
    tasker.changes(v_before, jsonb_build_object('retry_limit', v_step.retry_limit, 'inputs', v_step.inputs)));

  v_again := v_template.retryable and coalesce((v_step.results ->> 'retryable')::boolean, true)
    and (v_step.attempts < v_step.retry_limit or (v_step.results ->> 'error_code' = 'worker_lost' and v_step.retry_limit > 1) is true);
  if v_step.state = 'error' and v_waits <> v_again then
    update tasker.workflow_steps s
    set ready_at = case when v_again and t.paused_at is null then v_now end,
        held_at = case when v_again and t.paused_at is not null then v_now end
    from tasker.tasks t where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = p_step_no;
  end if;
  perform tasker.settle_tasks(array[p_task_id], v_now, tasker.audit('update_step', p_by, p_reason));
end $$;

-- tasker.pause_task(…), resume_task(…): nothing of a paused task is claimed; what runs goes on. The steps that could be
-- claimed leave the claim index and keep their instant in held_at.
create or replace function tasker.pause_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
begin
  if v_task.state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot pause task %s: it is %s', p_task_id, v_task.state);
  end if;
  update tasker.tasks t set paused_at = coalesce(t.paused_at, v_now), paused_by = p_by, paused_reason = p_reason where t.task_id = p_task_id;
  update tasker.workflow_steps s set held_at = s.ready_at, ready_at = null where s.task_id = p_task_id and s.ready_at is not null;
  perform tasker.keep_action(p_task_id, null, tasker.audit('pause', p_by, p_reason));
end $$;

create or replace function tasker.resume_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
begin
  update tasker.tasks t set paused_at = null, paused_by = p_by, paused_reason = p_reason where t.task_id = p_task_id;
  -- Never earlier than now: a worker's watermark may have passed the old instant.
  update tasker.workflow_steps s set ready_at = greatest(s.held_at, v_now), held_at = null
  where s.task_id = p_task_id and s.held_at is not null;
  if v_task.paused_at is not null then
    perform tasker.keep_action(p_task_id, null, tasker.audit('resume', p_by, p_reason));
  end if;
end $$;

-- tasker.refuse_unknown_scope(…): raises TK006 for a namespace, a named task or a handler that no template has: a pause of it would
-- stop nothing, and whoever misspelt a name has to be told. `pause` itself does not ask: what is to come may be paused before it comes.
-- Called by: the client, before it pauses. Locks: none. Index: lanes_handler, named_tasks_latest, namespaces_name_key.
create function tasker.refuse_unknown_scope(p_namespace text, p_task_name text, p_handler text)
returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_missing text;
begin
  if p_handler is not null then
    if not exists (select from tasker.lanes l where l.handler = p_handler) then
      v_missing := format('no template names a handler ''%s''', left(p_handler, 300));
    end if;
  elsif not exists (select from tasker.namespaces n where n.name = p_namespace) then
    v_missing := format('there is no namespace ''%s''', left(p_namespace, 300));
  elsif p_task_name is not null and not exists (
    select from tasker.named_tasks t join tasker.namespaces n on n.namespace_id = t.namespace_id
    where n.name = p_namespace and t.name = p_task_name)
  then
    v_missing := format('no template is registered for the task ''%s'' in the namespace ''%s''', left(p_task_name, 300), p_namespace);
  end if;
  if v_missing is not null then
    raise exception using errcode = 'TK006', message = v_missing || ': nothing of it can be paused';
  end if;
end $$;

-- tasker.pause(…), resume(…): a namespace, a named task (all versions), or a handler (everywhere). Writes lanes only. What changes
-- nothing is not kept.
-- Locks: `pauses` in SHARE ROW EXCLUSIVE mode, so that no lane is added meanwhile; then lane rows.
create or replace function tasker.pause(p_namespace text default null, p_task_name text default null, p_handler text default null,
  p_by text default null, p_reason text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_now timestamptz := tasker.clock();
begin
  if (p_namespace is null) = (p_handler is null) or (p_task_name is not null and p_namespace is null) then
    raise exception using errcode = 'TK003', message = 'name what to pause: a namespace, a namespace and a task name, or a handler';
  end if;
  lock table tasker.pauses in share row exclusive mode;
  insert into tasker.pauses (namespace, task_name, handler, paused_at, paused_by, reason)
  values (p_namespace, p_task_name, p_handler, v_now, p_by, p_reason) on conflict do nothing;
  if found then
    insert into tasker.operator_actions (namespace, task_name, handler, created_at, metadata)
    values (p_namespace, p_task_name, p_handler, v_now, tasker.audit('pause', p_by, p_reason));
  end if;
  perform tasker.mark_paused_lanes();
end $$;

create or replace function tasker.resume(p_namespace text default null, p_task_name text default null, p_handler text default null,
  p_by text default null, p_reason text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  lock table tasker.pauses in share row exclusive mode;
  delete from tasker.pauses p
  where p.namespace is not distinct from p_namespace and p.task_name is not distinct from p_task_name
    and p.handler is not distinct from p_handler;
  if found then
    insert into tasker.operator_actions (namespace, task_name, handler, created_at, metadata)
    values (p_namespace, p_task_name, p_handler, tasker.clock(), tasker.audit('resume', p_by, p_reason));
  end if;
  perform tasker.mark_paused_lanes();
end $$;

-- tasker.annotate_task(…): notes something on a task, to find it by; a new type of annotation is made at its first use.
-- Where somebody is named, the trail keeps who it was; an application that notes things says nothing and leaves nothing more.
-- Locks: the task FOR KEY SHARE, so that it is not pruned meanwhile; the row of a new type.
drop function tasker.annotate_task(uuid, text, jsonb);
create function tasker.annotate_task(p_task_id uuid, p_annotation_type text, p_annotation jsonb, p_by text default null, p_reason text default null)
returns tasker.task_annotations language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_type int := (tasker.annotation_type(p_annotation_type)).annotation_type_id;
  v_new tasker.task_annotations;
  v_audit constant jsonb := tasker.audit('annotate', p_by, p_reason);
begin
  if p_annotation is null or p_annotation = 'null' then
    raise exception using errcode = 'TK003', message = format('an annotation of the type ''%s'' has to say something, and is null',
      trim(p_annotation_type));
  end if;
  perform from tasker.tasks t where t.task_id = p_task_id for key share;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  insert into tasker.task_annotations (task_id, annotation_type_id, annotation, created_at, updated_at)
  values (p_task_id, v_type, p_annotation, tasker.clock(), tasker.clock()) returning * into v_new;
  if v_audit ?| array['by', 'reason', 'from'] then
    perform tasker.keep_action(p_task_id, null, v_audit, jsonb_build_object('annotation', jsonb_build_object('from', null, 'to', p_annotation)));
  end if;
  return v_new;
end $$;

-- tasker.delete_tasks(…): deletes tasks that lock_prunable locked, with all that belongs to them. Their identities stay.
-- The ids are in order; their range leaves the other partitions of the trail alone.
create or replace function tasker.delete_tasks(p_task_ids uuid[], out tasks bigint, out steps bigint)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_first uuid := p_task_ids[1];
  v_last uuid := p_task_ids[cardinality(p_task_ids)];
begin
  delete from tasker.workflow_step_transitions x where x.task_id between v_first and v_last and x.task_id = any (p_task_ids);
  delete from tasker.task_transitions x where x.task_id between v_first and v_last and x.task_id = any (p_task_ids);
  delete from tasker.operator_actions x where x.task_id = any (p_task_ids);
  delete from tasker.task_annotations x where x.task_id = any (p_task_ids);
  delete from tasker.task_search_attributes x where x.task_id = any (p_task_ids);
  delete from tasker.workflow_steps x where x.task_id = any (p_task_ids);
  get diagnostics steps = row_count;
  delete from tasker.tasks x where x.task_id = any (p_task_ids);
  get diagnostics tasks = row_count;
end $$;

-- tasker.archive_tasks(…): as prune_tasks, but in two calls of one transaction: this one locks the batch and returns it for an
-- archive; delete_archived(…) deletes what it is given back. Rows come by task and part: part 0 is the task itself,
-- with what operators did to it without moving a state (`operator_actions`, left out where there was nothing), then its
-- steps (1), the trail of its steps (2) and its own (3), annotations (4), search attributes (5). The last row has part 9, no
-- task, and in `document` where the next batch goes on: null at the end.
create or replace function tasker.archive_tasks(p_rules jsonb, p_after uuid default null, p_limit int default 500, p_scan int default 2000,
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
           (jsonb_build_object('namespace', n.name, 'name', d.name, 'version', d.version) || to_jsonb(t)
             || coalesce((select jsonb_build_object('operator_actions', jsonb_agg(to_jsonb(o) - 'task_id' order by o.action_id))
                          from tasker.operator_actions o where o.task_id = t.task_id having count(*) > 0), '{}'))::text as document
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

-- tasker.drop_trail_partitions(…): detaches and drops the partitions that ended p_older_than_seconds ago, those of at most
-- p_limit ranges, and only where no task of the range may still run or be retried. A row for each table looked at; `blocked_by`
-- is such a task, and the table stays.
-- With a range go the actions of operators on its tasks; those on namespaces, named tasks and handlers go once they are as old.
-- Locks: the parent, the partition and DEFAULT ACCESS EXCLUSIVE, for as long as it takes to change the catalogue; it gives up
-- (55P03) rather than have everybody wait. DETACH … CONCURRENTLY is not to be had beside a DEFAULT partition.
-- Index: tasks_pkey, the tasks of the range.
create or replace function tasker.drop_trail_partitions(p_older_than_seconds double precision, p_limit int default 1)
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
    if blocked_by is null then
      delete from tasker.operator_actions o where o.task_id >= v_range.from_id and o.task_id < v_range.to_id;
    end if;
    v_dropped := v_dropped + (blocked_by is null)::int;
  end loop;
  delete from tasker.operator_actions o
  where o.task_id is null and o.created_at <= tasker.clock() - make_interval(secs => p_older_than_seconds);
end $$;
