-- The operator verbs on one step. Each is one transaction, audited with who and why, and refuses what the state machine
-- does not allow with TK002 (illegal transition), naming the state.
-- Locks of all: the step and its dependents in order FOR NO KEY UPDATE, then the task FOR UPDATE; the task becomes
-- irregular and is settled in a later statement. Index: the primary keys. Loser of a race: waits its turn.

-- tasker.operate_on_step(…): takes the locks, marks the task, returns the step.
create function tasker.operate_on_step(p_task_id uuid, p_step_no int)
returns tasker.workflow_steps language plpgsql set enable_seqscan = off as $$
declare
  v_step tasker.workflow_steps;
begin
  perform tasker.await_steps(array[p_task_id], array[p_step_no]);
  perform 1 from tasker.tasks t where t.task_id = p_task_id for update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  select * into v_step from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;
  if not found then
    raise exception using errcode = 'TK006', message = format('task %s has no step %s', p_task_id, p_step_no);
  end if;
  update tasker.tasks t set irregular = true where t.task_id = p_task_id and not t.irregular;
  return v_step;
end $$;

-- tasker.audit(…): the metadata of an operator's transition.
create function tasker.audit(p_verb text, p_by text, p_reason text) returns jsonb language sql immutable as $$
  select jsonb_strip_nulls(jsonb_build_object('verb', p_verb, 'by', p_by, 'reason', p_reason))
$$;

-- tasker.refuse_move(…): raises TK002 for a move of a step that the state machine does not allow.
create function tasker.refuse_move(p_task_id uuid, p_step_no int, p_verb text, p_state tasker.state, p_hint text default null)
returns void language plpgsql as $$
begin
  raise exception using errcode = 'TK002', message = format('cannot %s step %s (%s) of task %s: it is %s', p_verb, p_step_no,
    (select t.name from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
     where s.task_id = p_task_id and s.step_no = p_step_no), p_task_id, p_state), hint = coalesce(p_hint, '');
end $$;

-- tasker.refuse_ended_task(…): raises TK002 when the task of a step has ended for good.
create function tasker.refuse_ended_task(p_task_id uuid, p_verb text) returns void language plpgsql as $$
declare
  v_state tasker.state;
begin
  select t.state into v_state from tasker.tasks t where t.task_id = p_task_id;
  if v_state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot %s a step of task %s: the task is %s', p_verb, p_task_id, v_state);
  end if;
end $$;

-- tasker.set_step(…): writes a new state of a locked step and its transition. p_ready: when it may be claimed, or null.
create function tasker.set_step(p_step tasker.workflow_steps, p_to tasker.state, p_ready timestamptz, p_results jsonb, p_now timestamptz, p_metadata jsonb)
returns void language plpgsql as $$
begin
  update tasker.workflow_steps s
  set state = p_to, seq = s.seq + 1, results = coalesce(p_results, s.results),
      claim_no = s.claim_no + (p_step.state = 'in_progress')::int,
      ended_at = case when p_to = 'pending' then s.ended_at else p_now end,
      ready_at = case when t.paused_at is null then p_ready end, held_at = case when t.paused_at is not null then p_ready end
  from tasker.tasks t
  where t.task_id = s.task_id and s.task_id = p_step.task_id and s.step_no = p_step.step_no;
  insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, metadata)
  values (p_step.task_id, p_step.step_no, p_step.seq + 1, p_step.state, p_to, p_step.attempts, p_now, p_metadata);
end $$;

-- tasker.cancel_step(…): pending, in_progress or error → cancelled. What is cancelled stays so, without a word.
create function tasker.cancel_step(p_task_id uuid, p_step_no int, p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_step tasker.workflow_steps := tasker.operate_on_step(p_task_id, p_step_no);
begin
  if v_step.state = 'cancelled' then
    return;
  elsif v_step.state in ('complete', 'resolved_manually') then
    perform tasker.refuse_move(p_task_id, p_step_no, 'cancel', v_step.state);
  end if;
  perform tasker.set_step(v_step, 'cancelled', null, null, v_now, tasker.audit('cancel', p_by, p_reason));
  perform tasker.settle_tasks(array[p_task_id], v_now, tasker.audit('cancel', p_by, p_reason));
end $$;

-- tasker.resolve_step(…): pending or error → resolved_manually, with results; the dependents go on at once.
create function tasker.resolve_step(p_task_id uuid, p_step_no int, p_results jsonb default '{}', p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_step tasker.workflow_steps := tasker.operate_on_step(p_task_id, p_step_no);
begin
  if v_step.state not in ('pending', 'error') then
    perform tasker.refuse_move(p_task_id, p_step_no, 'resolve', v_step.state,
      case when v_step.state = 'in_progress' then 'wait until the attempt ends' end);
  end if;
  perform tasker.refuse_ended_task(p_task_id, 'resolve');
  perform tasker.set_step(v_step, 'resolved_manually', null, case when p_results is null or p_results = 'null' then '{}' else p_results end,
                          v_now, tasker.audit('resolve', p_by, p_reason));
  update tasker.workflow_steps s
  set open_parents = s.open_parents - 1,
      ready_at = case when s.state = 'pending' and s.open_parents = 1 and t.paused_at is null then v_now else s.ready_at end,
      held_at = case when s.state = 'pending' and s.open_parents = 1 and t.paused_at is not null then v_now else s.held_at end
  from tasker.tasks t
  where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = any (v_step.dependents);
  perform tasker.settle_tasks(array[p_task_id], v_now, tasker.audit('resolve', p_by, p_reason));
end $$;

-- tasker.retry_step(…): error → pending, to be claimed now. Grants one more attempt if none is left; p_reset_attempts gives
-- the whole budget back.
create function tasker.retry_step(p_task_id uuid, p_step_no int, p_reset_attempts boolean default false, p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_step tasker.workflow_steps := tasker.operate_on_step(p_task_id, p_step_no);
begin
  if v_step.state <> 'error' then
    perform tasker.refuse_move(p_task_id, p_step_no, 'retry', v_step.state);
  end if;
  perform tasker.refuse_ended_task(p_task_id, 'retry');
  perform tasker.rearm_step(v_step, p_reset_attempts, v_now, tasker.audit('retry', p_by, p_reason));
  perform tasker.settle_tasks(array[p_task_id], v_now, tasker.audit('retry', p_by, p_reason));
end $$;

-- tasker.rearm_step(…): makes a locked failed step claimable now.
create function tasker.rearm_step(p_step tasker.workflow_steps, p_reset_attempts boolean, p_now timestamptz, p_metadata jsonb)
returns void language plpgsql as $$
declare
  v_attempts int := case when p_reset_attempts then 0 else p_step.attempts end;
  v_limit int := greatest(p_step.retry_limit, v_attempts + 1);
begin
  perform tasker.set_step(p_step, 'pending', p_now, null, p_now, p_metadata);
  update tasker.workflow_steps s
  set attempts = v_attempts, retry_limit = v_limit, backoff_request_seconds = null,
      worker_losses = case when p_reset_attempts then 0 else s.worker_losses end,
      lane_id = tasker.sibling_lane(s.lane_id, null,
        tasker.claim_mode(v_attempts, v_limit, case when p_reset_attempts then 0 else s.worker_losses end, 3))
  where s.task_id = p_step.task_id and s.step_no = p_step.step_no;
end $$;

-- tasker.update_step(…): a new retry limit, or the step's own inputs. Raising the limit of an exhausted step makes it
-- eligible again by itself; lowering it to the attempts made exhausts it. A step that lost its worker is never exhausted by
-- that, whatever the count (decisions.md 31), unless the new limit says that it may run once only.
create function tasker.update_step(p_task_id uuid, p_step_no int, p_retry_limit int default null, p_inputs jsonb default null,
  p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_step tasker.workflow_steps := tasker.operate_on_step(p_task_id, p_step_no);
  v_template tasker.step_templates;
  v_waits boolean := v_step.ready_at is not null or v_step.held_at is not null;
  v_again boolean;
begin
  if p_retry_limit not between 1 and 32767 then
    raise exception using errcode = 'TK003', message = format(
      'retry_limit counts executions and is at least 1 (one execution, no retry) and at most 32767, not %s', p_retry_limit);
  elsif p_inputs is not null and jsonb_typeof(p_inputs) <> 'object' then
    raise exception using errcode = 'TK003', message = format('inputs must be a JSON object, not %s', jsonb_typeof(p_inputs));
  elsif v_step.state in ('complete', 'cancelled', 'resolved_manually') then
    perform tasker.refuse_move(p_task_id, p_step_no, 'update', v_step.state);
  end if;
  perform tasker.refuse_ended_task(p_task_id, 'update');
  select * into strict v_template from tasker.step_templates t where t.step_template_id = v_step.step_template_id;

  update tasker.workflow_steps s
  set retry_limit = coalesce(p_retry_limit, s.retry_limit), inputs = coalesce(p_inputs, s.inputs),
      lane_id = case when s.state = 'in_progress' then s.lane_id else tasker.sibling_lane(s.lane_id, null,
        tasker.claim_mode(s.attempts, coalesce(p_retry_limit, s.retry_limit), s.worker_losses, 3)) end
  where s.task_id = p_task_id and s.step_no = p_step_no;
  select * into strict v_step from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;

  v_again := v_template.retryable and coalesce((v_step.results ->> 'retryable')::boolean, true)
    and (v_step.attempts < v_step.retry_limit or (v_step.results ->> 'error_code' = 'worker_lost' and v_step.retry_limit > 1) is true);
  if v_step.state = 'error' and v_waits <> v_again then
    update tasker.workflow_steps s
    set ready_at = case when v_again and t.paused_at is null then v_now end,
        held_at = case when v_again and t.paused_at is not null then v_now end
    from tasker.tasks t where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = p_step_no;
  end if;
  perform tasker.settle_tasks(array[p_task_id], v_now, tasker.audit('update_step', p_by, p_reason));
end $$;

-- tasker.operate_on_steps(…): one verb (cancel, retry, resolve, update) on many steps, of any tasks, in one transaction. What
-- the state machine does not allow for a step is told (`refused`), and the others go on; what does not exist is `missing`.
-- Called by: the bulk verbs, a batch a call.
-- Locks: all these steps and their dependents in order FOR NO KEY UPDATE, then their tasks by task_id FOR UPDATE, before the
-- first verb: what the verbs lock themselves is held already. Loser of a race: waits its turn.
create function tasker.operate_on_steps(p_verb text, p_task_ids uuid[], p_step_nos int[], p_by text default null, p_reason text default null,
  p_reset_attempts boolean default false, p_results jsonb default '{}', p_retry_limit int default null)
returns table (task_id uuid, step_no int, outcome text, message text)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  v_task_id uuid;
  v_step_no int;
begin
  if p_verb is null or p_verb not in ('cancel', 'retry', 'resolve', 'update') then
    raise exception using errcode = 'TK003', message = format('the verb is cancel, retry, resolve or update, not %s', p_verb);
  elsif cardinality(p_task_ids) <> cardinality(p_step_nos) then
    raise exception using errcode = 'TK003', message = format('there are %s ids of tasks and %s numbers of steps; each step has one of each',
      cardinality(p_task_ids), cardinality(p_step_nos));
  elsif p_verb = 'update' and p_retry_limit is null then
    raise exception using errcode = 'TK003', message = 'update needs a retry_limit';
  end if;
  perform tasker.await_steps(p_task_ids, p_step_nos);
  perform 1 from tasker.tasks t where t.task_id = any (p_task_ids) order by t.task_id for update;
  for v_task_id, v_step_no in select distinct k.task_id, k.step_no from unnest(p_task_ids, p_step_nos) k(task_id, step_no) order by 1, 2 loop
    begin
      case p_verb
        when 'cancel' then perform tasker.cancel_step(v_task_id, v_step_no, p_by, p_reason);
        when 'retry' then perform tasker.retry_step(v_task_id, v_step_no, p_reset_attempts, p_by, p_reason);
        when 'resolve' then perform tasker.resolve_step(v_task_id, v_step_no, p_results, p_by, p_reason);
        else perform tasker.update_step(v_task_id, v_step_no, p_retry_limit, null, p_by, p_reason);
      end case;
      return query select v_task_id, v_step_no, 'done'::text, null::text;
    exception
      when sqlstate 'TK002' then return query select v_task_id, v_step_no, 'refused'::text, sqlerrm;
      when sqlstate 'TK006' then return query select v_task_id, v_step_no, 'missing'::text, sqlerrm;
    end;
  end loop;
end $$;
