-- tasker.insert_tasks(…): the rows of new tasks: task and steps.
-- Called by: create_tasks, for the requests whose `fresh` is true.
-- Loser of a race for the same task_id: waits, then is refused with TK004.
-- Locks: none but on what it inserts (and `pauses`, when a lane is new). Index: step_templates (plan_id, step_no).
create function tasker.insert_tasks(p_requests tasker.task_request[], p_named int[], p_plans int[], p_fresh boolean[], p_now timestamptz)
returns void language plpgsql as $$
declare
  v_bypassing uuid[];
  v_count int;
  v_taken uuid;
begin
  insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, priority, created_at, requested_at,
    unvalidated, initiator, source_system, reason, tags, bypass_steps, context, traceparent)
  select r.task_id, p_named[r.ord], p.plan_id, p.step_count, p.sink_count, r.priority, p_now, coalesce(r.requested_at, p_now),
         p.schema is not null and r.plan_id is null, coalesce(r.initiator, 'unknown'), coalesce(r.source_system, 'unknown'),
         coalesce(r.reason, 'unknown'), coalesce(r.tags, '{}'), coalesce(r.bypass_steps, '{}'), r.context, r.traceparent
  from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
  join tasker.plans p on p.plan_id = p_plans[r.ord]
  where p_fresh[r.ord]
  order by r.ord
  on conflict do nothing;
  get diagnostics v_count = row_count;
  if v_count < cardinality(array_positions(p_fresh, true)) then
    -- Named twice here, or a task that has its steps already.
    select r.task_id into v_taken
    from (select (p_requests[f.ord]).task_id, count(*) over (partition by (p_requests[f.ord]).task_id) as times
          from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh) r
    where r.times > 1 or exists (select from tasker.workflow_steps s where s.task_id = r.task_id)
    limit 1;
    perform tasker.raise_task_id_taken(v_taken);
  end if;

  with request as materialized (
    select r.task_id, p_plans[r.ord] as plan_id, r.priority
    from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
    where p_fresh[r.ord] and r.bypass_steps is null),
  -- a request's own priority means other lanes: one call a distinct pair, in one order for all callers
  moved as materialized (
    select k.lane_id, k.priority, tasker.sibling_lane(k.lane_id, k.priority, null) as moved_lane_id
    from (select distinct s.lane_id, q.priority
          from (select distinct r.plan_id, r.priority from request r where r.priority is not null) q
          join tasker.step_templates s on s.plan_id = q.plan_id order by 1, 2) k)
  insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
    open_parents, ready_at)
  select r.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents,
         coalesce(m.moved_lane_id, s.lane_id), cardinality(s.parents), case when s.parents = '{}' then p_now end
  from request r
  join tasker.step_templates s on s.plan_id = r.plan_id
  left join moved m on m.lane_id = s.lane_id and m.priority = r.priority;

  select array_agg((p_requests[f.ord]).task_id) into v_bypassing
  from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh and (p_requests[f.ord]).bypass_steps is not null;
  if v_bypassing is not null then
    perform tasker.insert_bypassing_steps(v_bypassing, p_now);
  end if;
end $$;

-- tasker.raise_task_id_taken(…): refuses an id that a task has already.
create function tasker.raise_task_id_taken(p_task_id uuid) returns void language plpgsql as $$
begin
  raise exception using errcode = 'TK004', message = format(
    'the task_id %s is taken: every request needs an id of its own; leave it out or use tasker.uuid_v7()', p_task_id);
end $$;

-- tasker.insert_bypassing_steps(…): the steps of tasks that leave some out. The graph is contracted: who waited for a
-- bypassed step waits for what that would have waited for (decisions.md 27).
create function tasker.insert_bypassing_steps(p_task_ids uuid[], p_now timestamptz)
returns void language plpgsql as $$
declare
  v_ended uuid[];
begin
  with recursive task as (
    select t.task_id, t.plan_id, t.priority, t.bypass_steps from tasker.tasks t where t.task_id = any (p_task_ids)),
  step as (
    select t.task_id, t.priority, s.step_no, s.step_template_id, s.retry_limit, s.lane_id, s.parents,
           s.name = any (t.bypass_steps) as bypassed
    from task t join tasker.step_templates s on s.plan_id = t.plan_id),
  walk (task_id, step_no, parent_no) as (
    select s.task_id, s.step_no, p.parent_no from step s cross join lateral unnest(s.parents) p(parent_no)
    union
    select w.task_id, w.step_no, p.parent_no
    from walk w join step s on s.task_id = w.task_id and s.step_no = w.parent_no and s.bypassed
    cross join lateral unnest(s.parents) p(parent_no)),
  edge as (
    select w.task_id, w.step_no, w.parent_no from walk w
    join step c on c.task_id = w.task_id and c.step_no = w.step_no and not c.bypassed
    join step p on p.task_id = w.task_id and p.step_no = w.parent_no and not p.bypassed)
  insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
    open_parents, state, seq, ready_at, ended_at, results)
  select s.task_id, s.step_no, s.step_template_id, s.retry_limit, coalesce(u.parents, 0), d.dependents,
         case when s.priority is null then s.lane_id else tasker.sibling_lane(s.lane_id, s.priority, null) end,
         coalesce(u.parents, 0),
         (case when s.bypassed then 'resolved_manually' else 'pending' end)::tasker.state, s.bypassed::int,
         case when not s.bypassed and u.parents is null then p_now end,
         case when s.bypassed then p_now end, case when s.bypassed then '{"bypassed": true}'::jsonb end
  from step s
  left join (select e.task_id, e.step_no, count(*)::int as parents from edge e group by 1, 2) u using (task_id, step_no)
  left join (select e.task_id, e.parent_no as step_no, array_agg(e.step_no order by e.step_no) as dependents from edge e group by 1, 2) d
    using (task_id, step_no);

  insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, created_at, metadata)
  select s.task_id, s.step_no, 1, 'pending', 'resolved_manually', p_now, '{"reason": "bypassed"}'
  from tasker.workflow_steps s where s.task_id = any (p_task_ids) and s.state = 'resolved_manually';

  update tasker.tasks t set open_sinks = x.sinks
  from (select s.task_id, (count(*) filter (where s.dependents is null and s.state = 'pending'))::int as sinks
        from tasker.workflow_steps s where s.task_id = any (p_task_ids) group by 1) x
  where t.task_id = x.task_id;

  select array_agg(t.task_id order by t.task_id) into v_ended from tasker.tasks t
  where t.task_id = any (p_task_ids) and t.open_sinks = 0;
  if v_ended is not null then
    perform tasker.settle_tasks(v_ended, p_now, '{"reason": "every step was bypassed"}');
  end if;
end $$;
