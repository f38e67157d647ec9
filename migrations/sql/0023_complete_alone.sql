-- tasker.complete_alone(…): a flush of one outcome, the common case of an engine that is not busy: what `complete_steps` does,
-- for one step of a regular task with at most one dependent, row by row. A third of the time, because nothing is joined.
-- Called by: complete_steps, which holds the worker row and passes what it read there; not where locks are waited for.
-- Answers: the rows of complete_steps; null where it is not such a case (or not such an outcome), and nothing was written.
-- Locks: as complete_steps, every one SKIP LOCKED. Index: the primary keys.
create function tasker.complete_alone(p_worker_id bigint, p_handlers text[], p_task_id uuid, p_step_no int, p_claim_no int,
  p_results jsonb, p_room int, p_slots int, p_priority int)
returns tasker.flush_row[] language plpgsql as $$
declare
  v_step record;
  v_next record;
  v_task record;
  v_now timestamptz;
  v_ready boolean := false;
  v_sticky boolean := false;
  v_batch bigint;
  v_claim tasker.flush_row;
begin
  select s.state, s.claim_no, s.seq, s.attempts, s.dependents into v_step
  from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no for no key update skip locked;
  if v_step.claim_no is distinct from p_claim_no or v_step.state <> 'in_progress' or cardinality(v_step.dependents) > 1 then
    return null;
  end if;
  if v_step.dependents is null then
    select t.irregular or t.paused_at is not null as special, t.open_sinks, t.seq into v_task
    from tasker.tasks t where t.task_id = p_task_id for no key update skip locked;
  else
    select s.step_no, s.state, s.open_parents, s.claim_no, s.attempts, s.seq, s.step_template_id, s.lane_id, s.parent_count, s.inputs,
           (select true from tasker.lanes l
            where l.lane_id = s.lane_id and l.handler = any (p_handlers) and not l.paused and l.priority <= p_priority
              and (l.mode = 0 or (l.mode = 1 and p_slots > 0))) as fits
    into v_next
    from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = v_step.dependents[1] for no key update skip locked;
    if v_next.step_no is null then
      return null;
    end if;
    select t.irregular or t.paused_at is not null as special into v_task
    from tasker.tasks t where t.task_id = p_task_id for key share skip locked;
  end if;
  if v_task.special is distinct from false then
    return null;
  end if;

  -- Only now, with the locks (see complete_steps).
  v_now := tasker.clock();
  update tasker.workflow_steps s set state = 'complete', results = p_results, ended_at = v_now, seq = s.seq + 1
  where s.task_id = p_task_id and s.step_no = p_step_no;
  if v_step.dependents is null then
    insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at)
    values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'complete', v_step.attempts, v_now);
    if v_task.open_sinks > 1 then
      update tasker.tasks t set open_sinks = t.open_sinks - 1 where t.task_id = p_task_id;
      return '{}';
    end if;
    update tasker.tasks t set open_sinks = 0, state = 'complete', completed_at = v_now, seq = t.seq + 1 where t.task_id = p_task_id;
    insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at)
    values (p_task_id, v_task.seq + 1, 'in_progress', 'complete', v_now);
    return array[tasker.flush_note('ended', null, null, p_task_id)];
  end if;

  v_ready := v_next.state = 'pending' and v_next.open_parents = 1;
  v_sticky := v_ready and v_next.fits is true and p_room > 0;
  if not v_sticky then
    update tasker.workflow_steps s set open_parents = s.open_parents - 1, ready_at = case when v_ready then v_now else s.ready_at end
    where s.task_id = p_task_id and s.step_no = v_next.step_no;
    insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at)
    values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'complete', v_step.attempts, v_now);
    return case when v_ready then array[tasker.flush_note('readied', 1)] else '{}' end;
  end if;
  update tasker.workflow_steps s
  set open_parents = 0, state = 'in_progress', claim_no = s.claim_no + 1, attempts = s.attempts + 1, seq = s.seq + 1,
      worker_id = p_worker_id, last_attempted_at = v_now
  where s.task_id = p_task_id and s.step_no = v_next.step_no;
  insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
  values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'complete', v_step.attempts, v_now, null),
         (p_task_id, v_next.step_no, v_next.seq + 1, 'pending', 'in_progress', v_next.attempts + 1, v_now, p_worker_id);
  insert into tasker.worker_claims (worker_id, task_ids, step_nos) values (p_worker_id, array[p_task_id], array[v_next.step_no])
  returning batch into v_batch;
  v_claim := row('claimed', p_task_id, v_next.step_no, v_next.claim_no + 1, v_next.attempts + 1, v_next.step_template_id,
    v_next.lane_id, v_batch, v_now, null, null, v_next.inputs::text, case when v_next.parent_count > 1 then '' end);
  return case when v_next.parent_count > 1 then tasker.with_parent_results(array[v_claim]) else array[v_claim] end;
end $$;
