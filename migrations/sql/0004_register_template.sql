-- tasker.register_template(…): makes a compiled template the current content of its (namespace, name, version).
-- Called by: the client's register_template, with what the template room compiled.
-- Returns: new | unchanged | replaced | superseded (this content was replaced before and comes back only by p_force).
-- Locks: the named_tasks row FOR UPDATE; then inserts. Index: the unique keys of the catalogue.
-- Loser of a race: waits for the named task's row, then sees the winner's content.
create function tasker.register_template(p_template jsonb, p_force boolean default false, p_strict boolean default false)
returns text language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_namespace_id int;
  v_task tasker.named_tasks;
  v_plan tasker.plans;
  v_answer text;
begin
  insert into tasker.namespaces (name) values (p_template ->> 'namespace') on conflict do nothing;
  select n.namespace_id into strict v_namespace_id from tasker.namespaces n where n.name = p_template ->> 'namespace';
  insert into tasker.named_tasks (namespace_id, name, version, version_order, description, created_at, updated_at)
  values (v_namespace_id, p_template ->> 'name', p_template ->> 'version',
          string_to_array(p_template ->> 'version', '.')::int[], left(p_template ->> 'description', 255), v_now, v_now)
  on conflict do nothing;
  select * into strict v_task from tasker.named_tasks t
  where t.namespace_id = v_namespace_id and t.name = p_template ->> 'name' and t.version = p_template ->> 'version'
  for update;

  select * into v_plan from tasker.plans p
  where p.named_task_id = v_task.named_task_id and p.digest = p_template ->> 'digest';
  if v_plan.plan_id is not null and v_plan.plan_id = v_task.plan_id then
    return 'unchanged';
  elsif v_plan.plan_id is not null and not p_force then
    return 'superseded';
  elsif v_task.plan_id is not null and p_strict and not p_force then
    raise exception using errcode = 'TK004', message = format(
      'version %s of %s.%s is registered with other content, and strict_versions is on: give the new content a new version',
      v_task.version, p_template ->> 'namespace', v_task.name);
  end if;
  v_answer := case when v_task.plan_id is null then 'new' else 'replaced' end;

  update tasker.plans set replaced_at = v_now where plan_id = v_task.plan_id;
  if v_plan.plan_id is null then
    v_plan.plan_id := tasker.insert_plan(v_task, p_template, v_now);
  else
    update tasker.plans set replaced_at = null, registered_at = v_now where plan_id = v_plan.plan_id;
  end if;
  update tasker.named_tasks
  set plan_id = v_plan.plan_id, description = left(p_template ->> 'description', 255), updated_at = v_now
  where named_task_id = v_task.named_task_id;
  return v_answer;
end $$;

-- tasker.insert_plan(…): the rows of a new content: plan, steps, named steps, systems, lanes.
-- Called by: register_template, which holds the named task's row.
-- The planner takes a template for a hundred steps, whatever its size, and compares every pair of a large one.
create function tasker.insert_plan(p_task tasker.named_tasks, p_template jsonb, p_now timestamptz)
returns int language plpgsql set enable_nestloop = off as $$
declare
  v_plan_id int;
begin
  insert into tasker.plans (named_task_id, digest, configuration, schema, searchable, step_count, sink_count, registered_at)
  select p_task.named_task_id, p_template ->> 'digest', p_template -> 'source', nullif(p_template -> 'schema', 'null'),
         coalesce(array(select jsonb_array_elements_text(p_template -> 'searchable')), '{}'),
         jsonb_array_length(p_template -> 'steps'),
         (select count(*) from jsonb_array_elements(p_template -> 'steps') s where jsonb_array_length(s -> 'dependents') = 0),
         p_now
  returning plan_id into v_plan_id;

  insert into tasker.dependent_systems (name)
  select distinct coalesce(s ->> 'dependent_system', 'unknown') from jsonb_array_elements(p_template -> 'steps') s
  order by 1
  on conflict do nothing;
  insert into tasker.named_steps (dependent_system_id, name, description)
  select d.dependent_system_id, s ->> 'name', left(s ->> 'description', 255)
  from jsonb_array_elements(p_template -> 'steps') s
  join tasker.dependent_systems d on d.name = coalesce(s ->> 'dependent_system', 'unknown')
  order by 1, 2
  on conflict do nothing;

  insert into tasker.step_templates (plan_id, step_no, named_step_id, name, handler, lane_id, parents, dependents,
    retryable, retry_limit, skippable, priority, timeout_seconds, retry, config)
  select v_plan_id, s.step_no, n.named_step_id, s.name, s.handler, l.lane_id, s.parents,
         case when s.dependents <> '{}' then s.dependents end, s.retryable, s.retry_limit, s.skippable, s.priority,
         s.timeout_seconds, nullif(s.retry, 'null'), nullif(s.config, 'null')
  from jsonb_to_recordset(p_template -> 'steps') as s(step_no int, name text, handler text, dependent_system text,
    parents int[], dependents int[], retryable boolean, retry_limit int, skippable boolean, priority smallint,
    timeout_seconds double precision, retry jsonb, config jsonb)
  join tasker.dependent_systems d on d.name = coalesce(s.dependent_system, 'unknown')
  join tasker.named_steps n on n.dependent_system_id = d.dependent_system_id and n.name = s.name
  join (
    -- one call a distinct lane, in one order for all callers
    select k.handler, k.priority, k.mode, tasker.lane(p_task.namespace_id, p_task.name, k.handler, k.priority, k.mode) as lane_id
    from (select distinct x.handler, x.priority, tasker.claim_mode(0, x.retry_limit, 0, 3) as mode
          from jsonb_to_recordset(p_template -> 'steps') as x(handler text, priority int, retry_limit int)
          order by 1, 2, 3) k
  ) l on l.handler = s.handler and l.priority = s.priority and l.mode = tasker.claim_mode(0, s.retry_limit, 0, 3);
  return v_plan_id;
end $$;
