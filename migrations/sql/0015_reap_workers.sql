-- tasker.reap_workers(…): takes everything back from workers whose heartbeat is older than their lease.
-- Called by: any worker that has itself had a full lease of uninterrupted heartbeats, now and then.
-- Locks: the rows of the dead workers and of their heartbeats FOR UPDATE, skipping one with a claiming call or a heartbeat in
-- flight (the next reaper comes for it: no claim leaks); then all their steps in one ordered statement FOR NO KEY UPDATE, then
-- their tasks by task_id, each as strongly as it will be. Steps and tasks that somebody else's transaction holds (a user's
-- complete_step, say) are skipped: their worker is dead at once and its claims are kept, until a later reaper has taken back
-- the last of them.
-- Index: workers_live, worker_heartbeats_pkey, worker_claims_pkey, the primary keys. Loser of a race: skips workers that
-- somebody else reaps.
-- p_worker_ids: only these workers. A test whose clock runs ahead sees everybody else's heartbeat as old.
-- Returns one row for each step taken back.
create function tasker.reap_workers(p_reaper_id bigint, p_max_worker_losses int default 3, p_backoff jsonb default null, p_limit int default 16,
  p_worker_ids bigint[] default null)
returns table (worker_id bigint, task_id uuid, step_no int, error_code text)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := tasker.clock();
  v_dead bigint[];
  v_tasks uuid[];
  v_steps int[];
  v_step record;
begin
  select array_agg(x.worker_id) into v_dead
  from (select w.worker_id from tasker.workers w join tasker.worker_heartbeats h on h.worker_id = w.worker_id
        where w.stopped_at is null and w.worker_id <> p_reaper_id and (p_worker_ids is null or w.worker_id = any (p_worker_ids))
          and (w.state = 'dead' or h.heartbeat_at < v_now - make_interval(secs => w.lease_seconds))
        order by w.worker_id limit p_limit for update of w, h skip locked) x;
  if v_dead is null then
    return;
  end if;
  update tasker.workers w set state = 'dead' where w.worker_id = any (v_dead) and w.state <> 'dead';
  update tasker.worker_heartbeats h set idle = false where h.worker_id = any (v_dead) and h.idle;

  select array_agg(x.task_id), array_agg(x.step_no) into v_tasks, v_steps
  from (select s.task_id, s.step_no
        from (select h.task_id, h.step_no from unnest(v_dead) d(worker_id) cross join lateral tasker.held_steps(d.worker_id) h
              order by 1, 2) k
        join tasker.workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
        where s.state = 'in_progress' and s.worker_id = any (v_dead)
        order by k.task_id, k.step_no for no key update of s skip locked) x;

  for v_step in
    select x.*, bool_or(x.final) over (partition by x.task_id) as task_final
    from (
      -- A loss counts as an attempt but never exhausts the budget; only for a step that may run once it is final.
      select s.task_id, s.step_no, s.worker_id, c.code,
             c.code = 'poison_pill' or not t.retryable or s.retry_limit <= 1 as final
      from unnest(v_tasks, v_steps) k(task_id, step_no)
      join tasker.workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
      join tasker.step_templates t on t.step_template_id = s.step_template_id
      cross join lateral (select case when s.worker_losses + 1 >= p_max_worker_losses then 'poison_pill' else 'worker_lost' end) c(code)) x
    order by x.task_id, x.step_no
  loop
    continue when not tasker.lock_task_of_failure(v_step.task_id, v_step.task_final, false);
    perform tasker.lose_step(v_step.task_id, v_step.step_no, v_step.worker_id, v_step.code, v_step.final, p_max_worker_losses,
                             p_backoff, v_now);
    worker_id := v_step.worker_id;
    task_id := v_step.task_id;
    step_no := v_step.step_no;
    error_code := v_step.code;
    return next;
  end loop;

  with ended as (
    update tasker.workers w set stopped_at = v_now
    where w.worker_id = any (v_dead) and not exists (select from tasker.held_steps(w.worker_id))
    returning w.worker_id)
  delete from tasker.worker_claims c using ended e where c.worker_id = e.worker_id;
end $$;

-- tasker.lose_step(…): one step of a dead worker; the caller has locked it and its task.
create function tasker.lose_step(p_task_id uuid, p_step_no int, p_worker_id bigint, p_code text, p_final boolean,
  p_max_worker_losses int, p_backoff jsonb, p_now timestamptz)
returns void language plpgsql as $$
begin
  perform tasker.end_attempt(p_task_id, p_step_no, jsonb_build_object(
    'error', case p_code when 'poison_pill'
      then format('quarantined: %s worker processes died while they held this step', p_max_worker_losses)
      else format('worker %s died or was cut off while it held this step', p_worker_id) end,
    'error_class', null, 'error_code', p_code, 'backtrace', null, 'retryable', not p_final, 'details', jsonb_build_object('worker_id', p_worker_id)),
    null, p_final, true, p_backoff, p_max_worker_losses, p_now);
end $$;
