-- tasker.release_steps(…): hands back steps that were never started; the attempt does not count (decisions.md 8).
-- Called by: a draining worker, and one whose buffered steps were paused.
-- Locks: the steps in one ordered statement FOR NO KEY UPDATE; their tasks FOR KEY SHARE by task_id.
-- Loser of a race: waits; what was taken away meanwhile is left alone. Returns how many were released.
create function tasker.release_steps(p_worker_id bigint, p_task_ids uuid[], p_step_nos int[], p_claim_nos int[])
returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz := tasker.clock();
  v_count int;
begin
  perform 1 from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no) order by 1, 2) o
  join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
  order by o.task_id, o.step_no for no key update of s;
  perform 1 from (select distinct k from unnest(p_task_ids) k) k(task_id) join tasker.tasks t on t.task_id = k.task_id
  order by k.task_id for key share of t;
  with released as (
    update tasker.workflow_steps s
    set state = 'pending', attempts = s.attempts - 1, claim_no = s.claim_no + 1, seq = s.seq + 1, worker_id = null,
        ready_at = case when t.paused_at is null then v_now end, held_at = case when t.paused_at is not null then v_now end
    from unnest(p_task_ids, p_step_nos, p_claim_nos) o(task_id, step_no, claim_no)
    join tasker.tasks t on t.task_id = o.task_id
    where s.task_id = o.task_id and s.step_no = o.step_no and s.claim_no = o.claim_no and s.state = 'in_progress'
    returning s.task_id, s.step_no, s.seq, s.attempts)
  insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id, metadata)
  select r.task_id, r.step_no, r.seq, 'in_progress', 'pending', r.attempts + 1, v_now, p_worker_id, '{"reason": "released"}' from released r;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
