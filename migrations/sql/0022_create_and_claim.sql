-- tasker.create_and_claim(…): creates a task and hands its roots straight to the worker of the same process, in one commit.
-- Called by: the client, when a worker of its own process has free slots and nothing else waits for it.
-- Answers: a row `created` (step_no 1; claim_no: 1 if it made the task; attempt: 1 if what it duplicates was pruned), one
-- `readied` where roots are left for others, then the claims. A worker that is not alive gets none; the task is created all
-- the same, and so where the request is not a plain one: with an identity, a priority of its own or steps to leave out.
-- Locks: own worker row FOR KEY SHARE, then as create_tasks; the rows are new. Errors: as create_tasks.
create function tasker.create_and_claim(p_request jsonb, p_worker_id bigint, p_room int, p_slots int)
returns setof tasker.flush_row
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  -- A larger plan has its roots claimed from the index.
  c_most_steps constant int := 1000;
  v_request tasker.task_request;
  v_handlers text[];
  v_plan record;
  v_roots int[];
  v_claims tasker.flush_row[];
  v_claim tasker.flush_row;
  v_left int;
  v_batch bigint;
  v_now timestamptz := tasker.clock();
begin
  select w.handlers into v_handlers from tasker.workers w where w.worker_id = p_worker_id and w.state = 'alive' for key share of w;
  if jsonb_typeof(p_request) = 'object' and v_handlers is not null then
    v_request := jsonb_populate_record(null::tasker.task_request, p_request);
    if v_request.idempotency_key is null and v_request.identity_strategy is distinct from 'hash'
       and v_request.priority is null and v_request.bypass_steps is null then
      v_request.task_id := coalesce(v_request.task_id, tasker.uuid_v7());
      v_request.context := coalesce(v_request.context, '{}');
      perform tasker.check_requests(array[v_request], v_now);
      select x.named_task_id, p.plan_id, p.step_count, p.sink_count, p.schema is not null as has_schema into v_plan
      from tasker.current_plan(coalesce(v_request.namespace, 'default'), v_request.name, v_request.version) x
      join tasker.plans p on p.plan_id = x.plan_id;
      if v_plan.plan_id = coalesce(v_request.plan_id, v_plan.plan_id) and v_plan.step_count <= c_most_steps then
        select array_agg(r.step_no) into v_roots from (
          select s.step_no from tasker.step_templates s join tasker.lanes l on l.lane_id = s.lane_id
          where s.plan_id = v_plan.plan_id and s.parents = '{}' and l.handler = any (v_handlers) and not l.paused
            and (l.mode = 0 or (l.mode = 1 and p_slots >= p_room))
          order by l.priority, s.step_no limit p_room) r;
      end if;
    end if;
  end if;

  if v_roots is null then
    for v_claim in
      select 'created', c.task_id, c.ord, c.created::int, c.pruned::int, null, null, null, null, null, null, null, null
      from tasker.create_tasks(jsonb_build_array(p_request)) c
    loop
      return next v_claim;
      if v_claim.claim_no = 1 then
        return next tasker.flush_note('readied', 1);
      end if;
    end loop;
    return;
  end if;

  -- As insert_tasks does it, with what a claim would add.
  insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, created_at, requested_at, state, seq, started_at,
    unvalidated, initiator, source_system, reason, tags, context, traceparent)
  values (v_request.task_id, v_plan.named_task_id, v_plan.plan_id, v_plan.step_count, v_plan.sink_count, v_now,
    coalesce(v_request.requested_at, v_now), 'in_progress', 1, v_now, v_plan.has_schema and v_request.plan_id is null,
    coalesce(v_request.initiator, 'unknown'), coalesce(v_request.source_system, 'unknown'), coalesce(v_request.reason, 'unknown'),
    coalesce(v_request.tags, '{}'), v_request.context, v_request.traceparent)
  on conflict do nothing;
  if not found then
    perform tasker.raise_task_id_taken(v_request.task_id);
  end if;
  insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at)
  values (v_request.task_id, 1, 'pending', 'in_progress', v_now);
  insert into tasker.worker_claims (worker_id, task_ids, step_nos)
  values (p_worker_id, array_fill(v_request.task_id, array[cardinality(v_roots)]), v_roots)
  returning batch into v_batch;
  with step as (
    insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
      open_parents, ready_at, state, claim_no, attempts, seq, worker_id, last_attempted_at)
    select v_request.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents, s.lane_id,
           cardinality(s.parents), case when s.parents = '{}' and not c.claimed then v_now end,
           (case when c.claimed then 'in_progress' else 'pending' end)::tasker.state, c.claimed::int, c.claimed::int, c.claimed::int,
           case when c.claimed then p_worker_id end, case when c.claimed then v_now end
    from tasker.step_templates s cross join lateral (select s.step_no = any (v_roots) as claimed) c
    where s.plan_id = v_plan.plan_id
    returning step_no, step_template_id, lane_id, seq, ready_at),
  trail as (
    insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select v_request.task_id, s.step_no, 1, 'pending', 'in_progress', 1, v_now, p_worker_id from step s where s.seq = 1)
  select array_agg(row('claimed', v_request.task_id, s.step_no, 1, 1, s.step_template_id, s.lane_id, v_batch, v_now,
           v_plan.has_schema and v_request.plan_id is null,
           case when s.step_no = v_roots[1] and pg_column_size(v_request.context) <= 65536 then v_request.context::text end,
           null, null)::tasker.flush_row order by array_position(v_roots, s.step_no))
           filter (where s.seq = 1),
         count(s.ready_at)
  into v_claims, v_left from step s;

  return next row('created', v_request.task_id, 1, 1, 0, null, null, null, null, null, null, null, null)::tasker.flush_row;
  if v_left > 0 then
    return next tasker.flush_note('readied', v_left);
  end if;
  foreach v_claim in array v_claims loop
    return next v_claim;
  end loop;
end $$;
