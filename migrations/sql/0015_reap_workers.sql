-- tasker.reap_workers(…): takes everything back from workers whose heartbeat is older than their lease.
-- Called by: any worker that has itself had a full lease of uninterrupted heartbeats, now and then.
-- Locks: the dead worker's row FOR UPDATE (which waits for its claiming calls in flight: no claim leaks), then its steps in
-- order FOR NO KEY UPDATE, then their tasks one by one: all as the lock order says.
-- Loser of a race: skips workers that somebody else reaps. Returns one row for each step taken back.
create function tasker.reap_workers(p_reaper_id bigint, p_max_worker_losses int default 3, p_backoff jsonb default null, p_limit int default 16)
returns table (worker_id bigint, task_id uuid, step_no int, error_code text)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz;
  v_dead bigint;
  v_step record;
  v_code text;
begin
  for v_dead in
    select w.worker_id from tasker.workers w
    where w.stopped_at is null and w.worker_id <> p_reaper_id
      and w.heartbeat_at < tasker.clock() - make_interval(secs => w.lease_seconds)
    order by w.worker_id limit p_limit
  loop
    perform 1 from tasker.workers w
    where w.worker_id = v_dead and w.stopped_at is null
      and w.heartbeat_at < tasker.clock() - make_interval(secs => w.lease_seconds) for update skip locked;
    continue when not found;
    v_now := tasker.clock();
    update tasker.workers w set state = 'dead', stopped_at = v_now, idle = false where w.worker_id = v_dead;

    perform 1 from tasker.held_steps(v_dead) h join tasker.workflow_steps s on s.task_id = h.task_id and s.step_no = h.step_no
    order by h.task_id, h.step_no for no key update of s;
    for v_step in
      select s.task_id, s.step_no, s.attempts, s.retry_limit, s.worker_losses, t.retryable
      from tasker.held_steps(v_dead) h
      join tasker.workflow_steps s on s.task_id = h.task_id and s.step_no = h.step_no
      join tasker.step_templates t on t.step_template_id = s.step_template_id
      order by h.task_id, h.step_no
    loop
      -- A loss counts as an attempt but never exhausts the budget; only for a step that may run once it is final.
      v_code := case when v_step.worker_losses + 1 >= p_max_worker_losses then 'poison_pill' else 'worker_lost' end;
      perform tasker.lose_step(v_step.task_id, v_step.step_no, v_dead, v_code,
        v_code = 'poison_pill' or not v_step.retryable or v_step.retry_limit <= 1, p_max_worker_losses, p_backoff, v_now);
      return query select v_dead, v_step.task_id, v_step.step_no, v_code;
    end loop;
    delete from tasker.worker_claims c where c.worker_id = v_dead;
  end loop;
end $$;

-- tasker.lose_step(…): one step of a dead worker, locked by the caller.
create function tasker.lose_step(p_task_id uuid, p_step_no int, p_worker_id bigint, p_code text, p_final boolean,
  p_max_worker_losses int, p_backoff jsonb, p_now timestamptz)
returns void language plpgsql as $$
begin
  perform tasker.lock_task_of_failure(p_task_id, p_final, true);
  perform tasker.end_attempt(p_task_id, p_step_no, jsonb_build_object(
    'error', case p_code when 'poison_pill'
      then format('quarantined: %s worker processes died while they held this step', p_max_worker_losses)
      else format('worker %s died or was cut off while it held this step', p_worker_id) end,
    'error_class', null, 'error_code', p_code, 'backtrace', null, 'retryable', not p_final, 'details', jsonb_build_object('worker_id', p_worker_id)),
    null, p_final, true, p_backoff, p_max_worker_losses, p_now);
end $$;
