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
