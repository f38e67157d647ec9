-- tasker.create_and_claim(…): creates tasks and hands their roots straight to the worker of the same process, in one commit.
-- Called by: the client, when a worker of its own process has free slots and nothing else waits for it.
-- Answers: a row `created` for each request (step_no: its place; claim_no: 1 if it made the task; attempt: 1 if what it
-- duplicates was pruned), one `readied` with the number of roots that are left for others, then the claims. A worker that is not alive gets none; the tasks are created all the same.
-- Locks: own worker row FOR KEY SHARE, then as create_tasks; the steps are new. Errors: as create_tasks.
create function tasker.create_and_claim(p_requests jsonb, p_worker_id bigint, p_room int, p_slots int)
returns setof tasker.flush_row
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  v_lanes int[];
  v_created tasker.flush_row[];
  v_tasks uuid[];
  v_claims tasker.flush_row[];
  v_claimed uuid[];
  v_steps int[];
  v_batch bigint;
  v_now timestamptz;
  v_left int;
begin
  select l.lanes into v_lanes
  from tasker.workers w
  cross join lateral (
    select array_agg(n.lane_id) as lanes from tasker.lanes n
    where n.handler = any (w.handlers) and not n.paused and (n.mode = 0 or (n.mode = 1 and p_slots >= p_room))) l
  where w.worker_id = p_worker_id and w.state = 'alive' for key share of w;

  select array_agg(row('created', c.task_id, c.ord, c.created::int, c.pruned::int, null, null, null, null, null, null, null, null)::tasker.flush_row),
         array_agg(c.task_id) filter (where c.created)
  into v_created, v_tasks from tasker.create_tasks(p_requests) c;
  return query select * from unnest(v_created);

  if v_tasks is null then
    return;
  end if;
  v_now := tasker.clock();
  if v_lanes is not null then
    v_claims := tasker.take_steps(p_worker_id, v_lanes, null, p_room, p_room, v_now, v_tasks);
  end if;
  select count(*)::int into v_left
  from unnest(v_tasks) k(task_id) join tasker.workflow_steps s on s.task_id = k.task_id where s.ready_at is not null;
  if v_left > 0 then
    return next tasker.flush_note('readied', v_left);
  end if;
  if v_claims is null then
    return;
  end if;
  select array_agg(a.task_id), array_agg(a.step_no) into v_claimed, v_steps from unnest(v_claims) a;
  perform tasker.start_tasks(array(select distinct k from unnest(v_claimed) k), v_now);
  insert into tasker.worker_claims (worker_id, task_ids, step_nos) values (p_worker_id, v_claimed, v_steps) returning batch into v_batch;
  return query
  select c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, v_batch, c.ready_at, t.unvalidated,
         case when pg_column_size(t.context) <= 65536 then t.context::text end, c.inputs, null::text
  from unnest(v_claims) c join tasker.tasks t on t.task_id = c.task_id;
end $$;
