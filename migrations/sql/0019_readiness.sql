-- The window of the ancestor's public functions, for people and dashboards: step readiness. What they call ready is what
-- a claim takes (a property test holds the two together). Index: workflow_steps_pkey. Locks: none.
create function tasker.get_step_readiness_status_batch(input_task_ids uuid[])
returns table (workflow_step_id int, task_id uuid, named_step_id int, name text, current_state text,
  dependencies_satisfied boolean, retry_eligible boolean, ready_for_execution boolean, last_failure_at timestamptz,
  next_retry_at timestamptz, total_parents int, completed_parents int, attempts int, retry_limit int,
  backoff_request_seconds double precision, last_attempted_at timestamptz)
language plpgsql stable set enable_seqscan = off set enable_hashjoin = off as $$
#variable_conflict use_column
declare
  v_now timestamptz := tasker.clock();
begin
  return query
  select s.step_no, s.task_id, t.named_step_id, t.name::text, s.state::text,
         s.open_parents <= 0,
         case when s.state in ('pending', 'in_progress') then s.attempts < s.retry_limit
              else s.state = 'error' and (s.ready_at is not null or s.held_at is not null) end,
         s.ready_at is not null and s.ready_at <= v_now and not l.paused,
         case when s.state = 'error' then s.ended_at end,
         case when s.state = 'error' then coalesce(s.ready_at, s.held_at) end,
         s.parent_count, s.parent_count - greatest(s.open_parents, 0), s.attempts, s.retry_limit, s.backoff_request_seconds, s.last_attempted_at
  from tasker.workflow_steps s
  join tasker.step_templates t on t.step_template_id = s.step_template_id
  join tasker.lanes l on l.lane_id = s.lane_id
  where s.task_id = any (input_task_ids)
  order by s.task_id, s.step_no;
end $$;

create function tasker.get_step_readiness_status(input_task_id uuid, step_ids int[] default null)
returns table (workflow_step_id int, task_id uuid, named_step_id int, name text, current_state text,
  dependencies_satisfied boolean, retry_eligible boolean, ready_for_execution boolean, last_failure_at timestamptz,
  next_retry_at timestamptz, total_parents int, completed_parents int, attempts int, retry_limit int,
  backoff_request_seconds double precision, last_attempted_at timestamptz)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query select r.* from tasker.get_step_readiness_status_batch(array[input_task_id]) r
  where step_ids is null or r.workflow_step_id = any (step_ids);
end $$;

-- The state of whole tasks. `blocked` counts what failed for good, was quarantined or cancelled (decisions.md 15, 30).
create function tasker.get_task_execution_contexts_batch(input_task_ids uuid[])
returns table (task_id uuid, named_task_id int, status text, total_steps bigint, pending_steps bigint, in_progress_steps bigint,
  completed_steps bigint, failed_steps bigint, ready_steps bigint, execution_status text, recommended_action text,
  completion_percentage numeric, health_status text)
language plpgsql stable set enable_seqscan = off set enable_hashjoin = off as $$
#variable_conflict use_column
declare
  v_now timestamptz := tasker.clock();
begin
  return query
  select t.task_id, t.named_task_id, t.state::text, c.total, c.pending, c.running, c.completed, c.failed, c.ready,
    case when c.ready > 0 then 'has_ready_steps' when c.running > 0 then 'processing' when c.blocked > 0 then 'blocked_by_failures'
         when c.completed = c.total and c.total > 0 then 'all_complete' else 'waiting_for_dependencies' end,
    case when c.ready > 0 then 'execute_ready_steps' when c.running > 0 then 'wait_for_completion' when c.blocked > 0 then 'handle_failures'
         when c.completed = c.total and c.total > 0 then 'finalize_task' else 'wait_for_dependencies' end,
    case when c.total = 0 then 0.0 else round(c.completed::numeric / c.total * 100, 2) end,
    case when c.blocked > 0 and c.ready = 0 and c.running = 0 and c.waiting = 0 then 'blocked'
         when c.failed = 0 then 'healthy' else 'recovering' end
  from tasker.tasks t
  cross join lateral (
    select count(*) as total, count(*) filter (where s.state = 'pending') as pending,
           count(*) filter (where s.state = 'in_progress') as running,
           count(*) filter (where s.state in ('complete', 'resolved_manually')) as completed,
           count(*) filter (where s.state = 'error') as failed,
           count(*) filter (where s.ready_at <= v_now and not l.paused) as ready,
           count(*) filter (where s.state = 'cancelled' or (s.state = 'error' and s.ready_at is null and s.held_at is null)) as blocked,
           count(*) filter (where s.state = 'error' and (s.ready_at is not null or s.held_at is not null)) as waiting
    from tasker.workflow_steps s join tasker.lanes l on l.lane_id = s.lane_id
    where s.task_id = t.task_id) c
  where t.task_id = any (input_task_ids)
  order by t.task_id;
end $$;

create function tasker.get_task_execution_context(input_task_id uuid)
returns table (task_id uuid, named_task_id int, status text, total_steps bigint, pending_steps bigint, in_progress_steps bigint,
  completed_steps bigint, failed_steps bigint, ready_steps bigint, execution_status text, recommended_action text,
  completion_percentage numeric, health_status text)
language plpgsql stable as $$
begin
  return query select * from tasker.get_task_execution_contexts_batch(array[input_task_id]);
end $$;

-- The longest way from a root to each step, in edges: 0 for roots.
create function tasker.calculate_dependency_levels(input_task_id uuid)
returns table (workflow_step_id int, dependency_level int)
language plpgsql stable as $$
declare
  v_level int := 0;
  v_steps int[];
  v_open int[];                       -- by step number: parents not yet placed
  v_numbers int[];
  v_next int[];
begin
  -- Level by level (Kahn), each step placed once: no recursion over paths.
  select array_agg(s.step_no order by s.step_no), array_agg(s.parent_count order by s.step_no) into v_numbers, v_open
  from tasker.workflow_steps s where s.task_id = input_task_id;
  v_steps := array(select n from unnest(v_numbers, v_open) u(n, p) where p = 0);
  while cardinality(v_steps) > 0 loop
    return query select n, v_level from unnest(v_steps) n order by n;
    v_next := '{}';
    for workflow_step_id, dependency_level in
      select d.step_no, count(*)::int from tasker.workflow_steps s cross join lateral unnest(s.dependents) d(step_no)
      where s.task_id = input_task_id and s.step_no = any (v_steps) group by 1
    loop
      v_open[array_position(v_numbers, workflow_step_id)] := v_open[array_position(v_numbers, workflow_step_id)] - dependency_level;
      if v_open[array_position(v_numbers, workflow_step_id)] = 0 then
        v_next := v_next || workflow_step_id;
      end if;
    end loop;
    v_steps := v_next;
    v_level := v_level + 1;
  end loop;
end $$;

-- What keeps a step from going on, one word each, liveliest first: while anything of a task runs the task runs, and what
-- waits for a step waits for the deadest of those before it. `finished` and what waits for other steps stand last.
-- core/src/model/why.rs has the same list (a test holds the two together).
create type tasker.why_reason as enum ('running', 'stuck', 'worker_lost', 'ready', 'waits_for_slot', 'waits_alone', 'backoff',
  'worker_hangs', 'no_worker', 'paused', 'stranded', 'cancelled', 'exhausted', 'permanent_failure', 'quarantined',
  'dependency', 'cancelled_upstream', 'failed_upstream', 'finished');

-- tasker.why(…): why a task, or one of its steps, does not go on (decisions.md 17): the reason, since when, from when it may
-- be claimed, and for what waits for other steps the root cause: the one step that has to move first.
-- Answers: without a step number the task first (step_no null: the answer of its liveliest step), then a row a step.
-- `ready`, `waits_for_slot` and `waits_alone` are what a claim takes (a property test holds the two together).
-- Called by: people, dashboards, the client's `why`. Locks: none. Index: the primary keys, workflow_steps_ready for `ahead`.
create function tasker.why(p_task_id uuid, p_step_no int default null)
returns table (task_id uuid, step_no int, name text, handler text, state text, reason text, since timestamptz, next_at timestamptz,
  blocked_by_step_no int, blocked_by text, blocked_by_reason text, attempts int, retry_limit int, detail jsonb)
language plpgsql stable as $$
#variable_conflict use_column
declare
  v_now timestamptz := tasker.clock();
  v_task record;
  v_served text[];                    -- handlers that a live worker has which asks for work
  v_hung text[];                      -- handlers that a live worker has whose own code has stopped asking
  v_numbers int[];
  v_reasons tasker.why_reason[];
  v_roots int[];
  v_lead int;
  v_ended boolean;                    -- nothing but a cancellation can follow
begin
  select t.*, n.name as task_name, s.name as namespace into v_task
  from tasker.tasks t join tasker.named_tasks n on n.named_task_id = t.named_task_id
  join tasker.namespaces s on s.namespace_id = n.namespace_id
  where t.task_id = p_task_id;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  elsif p_step_no is not null
        and not exists (select from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no) then
    raise exception using errcode = 'TK006', message = format('task %s has no step %s', p_task_id, p_step_no);
  end if;

  -- A worker whose language hangs still beats, and says so by not moving last_polled_at.
  select coalesce(array_agg(distinct h.handler) filter (where h.asks), '{}'),
         coalesce(array_agg(distinct h.handler) filter (where not h.asks), '{}')
  into v_served, v_hung
  from (select unnest(w.handlers) as handler, coalesce(b.last_polled_at, w.started_at) >= b.heartbeat_at as asks
        from tasker.workers w join tasker.worker_heartbeats b on b.worker_id = w.worker_id
        where w.stopped_at is null and w.state = 'alive' and b.heartbeat_at + make_interval(secs => w.lease_seconds) >= v_now) h;

  select array_agg(x.step_no order by x.step_no), array_agg(x.reason order by x.step_no) into v_numbers, v_reasons
  from (
    select s.step_no, (case
      when s.state in ('complete', 'resolved_manually') then 'finished'
      when s.state = 'cancelled' then 'cancelled'
      when s.state = 'in_progress' then
        case when w.worker_id is null or w.state not in ('alive', 'draining')
                  or b.heartbeat_at + make_interval(secs => w.lease_seconds) < v_now then 'worker_lost'
             when s.last_attempted_at + make_interval(secs => t.timeout_seconds) < v_now then 'stuck'
             else 'running' end
      when s.held_at is not null or (s.ready_at is not null and l.paused) then 'paused'
      when s.ready_at > v_now then 'backoff'
      when s.ready_at is not null then
        case when not t.handler = any (v_served) then case when t.handler = any (v_hung) then 'worker_hangs' else 'no_worker' end
             when l.mode = 2 then 'waits_alone' when l.mode = 1 then 'waits_for_slot' else 'ready' end
      when s.state = 'error' then
        case when s.results ->> 'error_code' = 'poison_pill' then 'quarantined'
             when (s.results ->> 'retryable')::boolean then 'exhausted' else 'permanent_failure' end
      when s.open_parents > 0 then 'dependency'
      else 'stranded' end)::tasker.why_reason as reason
    from tasker.workflow_steps s
    join tasker.step_templates t on t.step_template_id = s.step_template_id
    join tasker.lanes l on l.lane_id = s.lane_id
    left join tasker.workers w on s.state = 'in_progress' and w.worker_id = s.worker_id
    left join tasker.worker_heartbeats b on b.worker_id = w.worker_id
    where s.task_id = p_task_id) x;
  v_roots := tasker.root_causes(p_task_id, v_numbers, v_reasons);
  v_reasons := array(
    select case when u.reason <> 'dependency' then u.reason
                when r.reason in ('exhausted', 'permanent_failure', 'quarantined') then 'failed_upstream'
                when r.reason = 'cancelled' then 'cancelled_upstream' else u.reason end
    from unnest(v_reasons, v_roots) with ordinality u(reason, root, place)
    left join unnest(v_numbers, v_reasons) r(step_no, reason) on r.step_no = u.root
    order by u.place);

  if p_step_no is null then
    v_ended := v_task.state in ('complete', 'resolved_manually', 'cancelled');
    v_lead := (select u.step_no from unnest(v_numbers, v_reasons) u(step_no, reason)
               where u.reason < 'dependency' order by u.reason, u.step_no limit 1);
    return query
    select p_task_id, null::int, v_task.task_name::text, null::text, v_task.state::text,
           case when v_task.state = 'cancelled' then 'cancelled' when v_ended then 'finished' else coalesce(f.reason, 'stranded') end,
           case when v_ended then v_task.completed_at else f.since end, f.next_at, f.step_no, f.name, f.reason, null::int, null::int,
           coalesce(f.detail, '{}') || jsonb_build_object('counts', (
             select jsonb_object_agg(c.reason, c.count) from (select u.reason, count(*) from unnest(v_reasons) u(reason) group by 1) c))
    from (select) one
    left join lateral tasker.why_of_step(v_task.namespace, v_task.task_name, p_task_id, v_lead, v_reasons[v_lead], null, null) f
      on not v_ended;
  end if;
  return query
  select f.* from unnest(v_numbers, v_reasons, v_roots) u(step_no, reason, root)
  left join unnest(v_numbers, v_reasons) r(step_no, reason) on r.step_no = u.root
  cross join lateral tasker.why_of_step(v_task.namespace, v_task.task_name, p_task_id, u.step_no, u.reason, u.root, r.reason,
                                        p_step_no is not null) f
  where p_step_no is null or u.step_no = p_step_no
  order by u.step_no;
end $$;

-- tasker.root_causes(…): for each step that waits for others the one that has to move first: of all before it the deadest,
-- then the one with the lowest number. Each step and each edge is looked at once, whatever the graph.
create function tasker.root_causes(p_task_id uuid, p_numbers int[], p_reasons tasker.why_reason[])
returns int[] language plpgsql stable as $$
declare
  v_roots int[] := array_fill(null::int, array[greatest(cardinality(p_numbers), 1)]);
  v_edges int[];                      -- the dependents of all steps, step after step
  v_ends int[];                       -- up to which edge those of a step go
  v_source int;
  v_queue int[];
  v_head int;
  v_tail int;
  v_from int;
  v_next int;
begin
  if not 'dependency' = any (p_reasons) then
    return v_roots;
  end if;
  -- Step numbers count from 1 without a gap: a step's place in the arrays is its number.
  select array_agg(x.last order by x.step_no) into v_ends
  from (select s.step_no, (sum(coalesce(cardinality(s.dependents), 0)) over (order by s.step_no))::int as last
        from tasker.workflow_steps s where s.task_id = p_task_id) x;
  select array_agg(d.step_no order by s.step_no) into v_edges
  from tasker.workflow_steps s cross join lateral unnest(s.dependents) d(step_no) where s.task_id = p_task_id;
  for v_source in
    select u.step_no from unnest(p_numbers, p_reasons) u(step_no, reason)
    where u.reason < 'dependency' order by u.reason desc, u.step_no
  loop
    v_queue := array[v_source];
    v_head := 1;
    v_tail := 1;
    while v_head <= v_tail loop
      v_from := case when v_queue[v_head] = 1 then 1 else v_ends[v_queue[v_head] - 1] + 1 end;
      for v_edge in v_from .. v_ends[v_queue[v_head]] loop
        v_next := v_edges[v_edge];
        if p_reasons[v_next] = 'dependency' and v_roots[v_next] is null then
          v_roots[v_next] := v_source;
          v_tail := v_tail + 1;
          v_queue[v_tail] := v_next;
        end if;
      end loop;
      v_head := v_head + 1;
    end loop;
  end loop;
  return v_roots;
end $$;

-- tasker.why_of_step(…): the row of one step whose reason is known. p_count: also how many of its lane come first.
create function tasker.why_of_step(p_namespace text, p_task_name text, p_task_id uuid, p_step_no int, p_reason tasker.why_reason,
  p_root int, p_root_reason tasker.why_reason, p_count boolean default false)
returns table (task_id uuid, step_no int, name text, handler text, state text, reason text, since timestamptz, next_at timestamptz,
  blocked_by_step_no int, blocked_by text, blocked_by_reason text, attempts int, retry_limit int, detail jsonb)
language sql stable as $$
  select s.task_id, s.step_no, t.name::text, t.handler, s.state::text, p_reason::text,
    case when p_reason in ('ready', 'waits_for_slot', 'waits_alone', 'worker_hangs', 'no_worker') then s.ready_at
         when p_reason in ('running', 'stuck') then s.last_attempted_at
         when p_reason = 'worker_lost' then b.heartbeat_at
         when p_reason = 'paused' then p.since
         when p_reason = 'dependency' then k.created_at
         when p_reason in ('cancelled_upstream', 'failed_upstream') then r.ended_at
         else coalesce(s.ended_at, k.created_at) end,
    case when p_reason in ('ready', 'waits_for_slot', 'waits_alone', 'worker_hangs', 'no_worker', 'backoff', 'paused')
           then coalesce(s.ready_at, s.held_at)
         when p_reason = 'worker_lost' then b.heartbeat_at + make_interval(secs => w.lease_seconds) end,
    p_root, rt.name::text, p_root_reason::text, s.attempts, s.retry_limit,
    jsonb_strip_nulls(jsonb_build_object(
      'worker', case when p_reason in ('running', 'stuck', 'worker_lost') and w.worker_id is not null then jsonb_build_object(
        'worker_id', w.worker_id, 'name', w.name, 'host', w.host, 'process_id', w.process_id, 'heartbeat_at', b.heartbeat_at) end,
      'deadline_at', case when p_reason in ('running', 'stuck') then s.last_attempted_at + make_interval(secs => t.timeout_seconds) end,
      'pauses', case when p_reason = 'paused' then p.pauses end,
      'failure', case when s.state = 'error' then jsonb_build_object('error', s.results -> 'error', 'error_code', s.results -> 'error_code',
        'error_class', s.results -> 'error_class') end,
      'hanging', case when p_reason = 'worker_hangs' then (
        select jsonb_agg(jsonb_build_object('worker_id', h.worker_id, 'name', h.name, 'host', h.host, 'process_id', h.process_id,
          'last_polled_at', x.last_polled_at, 'oldest_running', x.oldest_running) order by h.worker_id)
        from tasker.workers h join tasker.worker_heartbeats x on x.worker_id = h.worker_id
        where h.stopped_at is null and h.state = 'alive' and t.handler = any (h.handlers)) end,
      'ahead', case when p_count and p_reason in ('ready', 'waits_for_slot', 'waits_alone') then (
        select count(*) from (
          select from tasker.workflow_steps a where a.lane_id = s.lane_id and a.ready_at < s.ready_at limit 1000) a) end,
      'operator', case when p_reason = 'cancelled' then (
        select x.metadata from tasker.workflow_step_transitions x
        where x.task_id = s.task_id and x.step_no = s.step_no and x.seq = s.seq) end))
  from tasker.workflow_steps s
  join tasker.tasks k on k.task_id = s.task_id
  join tasker.step_templates t on t.step_template_id = s.step_template_id
  left join tasker.workers w on p_reason in ('running', 'stuck', 'worker_lost') and w.worker_id = s.worker_id
  left join tasker.worker_heartbeats b on b.worker_id = w.worker_id
  left join tasker.workflow_steps r on r.task_id = p_task_id and r.step_no = p_root
  left join tasker.step_templates rt on rt.step_template_id = r.step_template_id
  left join lateral (
    select jsonb_agg(jsonb_strip_nulls(to_jsonb(x)) order by x.since) as pauses, min(x.since) as since from (
      select 'task' as scope, null::text as name, k.paused_at as since, k.paused_by as by, k.paused_reason as reason where k.paused_at is not null
      union all
      select case when q.handler is not null then 'handler' when q.task_name is not null then 'named_task' else 'namespace' end,
             coalesce(q.handler, q.namespace || '.' || q.task_name, q.namespace), q.paused_at, q.paused_by, q.reason
      from tasker.pauses q
      where (q.namespace is null or q.namespace = p_namespace) and (q.task_name is null or q.task_name = p_task_name)
        and (q.handler is null or q.handler = t.handler)) x) p on p_reason = 'paused'
  where s.task_id = p_task_id and s.step_no = p_step_no
$$;
