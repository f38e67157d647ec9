-- The operator verbs on whole tasks, and pauses. One transaction each, audited.
-- Locks of the task verbs: all steps in order FOR NO KEY UPDATE, then the task FOR UPDATE. Loser of a race: waits its turn.

-- tasker.operate_on_task(…): takes the locks, marks the task irregular, returns it as it was.
create function tasker.operate_on_task(p_task_id uuid)
returns tasker.tasks language plpgsql set enable_seqscan = off as $$
declare
  v_task tasker.tasks;
begin
  perform 1 from tasker.workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
  select * into v_task from tasker.tasks t where t.task_id = p_task_id for update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  update tasker.tasks t set irregular = true where t.task_id = p_task_id and not t.irregular;
  return v_task;
end $$;

-- tasker.cancel_open_steps(…): cancels what is pending, running or waits for a retry; permanent failures stay.
create function tasker.cancel_open_steps(p_task_id uuid, p_now timestamptz, p_metadata jsonb)
returns void language sql as $$
  with old as (
    select s.step_no, s.state from tasker.workflow_steps s
    where s.task_id = p_task_id and (s.state in ('pending', 'in_progress') or s.ready_at is not null or s.held_at is not null)),
  moved as (
    update tasker.workflow_steps s
    set state = 'cancelled', seq = s.seq + 1, ready_at = null, held_at = null, ended_at = p_now,
        claim_no = s.claim_no + (s.state = 'in_progress')::int
    from old where s.task_id = p_task_id and s.step_no = old.step_no
    returning s.step_no, s.seq, s.attempts, old.state)
  insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, metadata)
  select p_task_id, m.step_no, m.seq, m.state, 'cancelled', m.attempts, p_now, p_metadata from moved m
$$;

-- tasker.cancel_task(…): any state but cancelled → cancelled; open steps too. Running handlers are told by their workers.
create function tasker.cancel_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
begin
  if v_task.state = 'cancelled' then
    return;
  end if;
  perform tasker.cancel_open_steps(p_task_id, v_now, tasker.audit('cancel', p_by, p_reason));
  perform tasker.move_tasks(array[p_task_id], 'cancelled', v_now, tasker.audit('cancel', p_by, p_reason));
end $$;

-- tasker.resolve_task(…): error → resolved_manually; its open steps are cancelled with the reason task_resolved.
create function tasker.resolve_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
begin
  if v_task.state <> 'error' then
    raise exception using errcode = 'TK002', message = format('cannot resolve task %s: it is %s, and only a task in error is resolved', p_task_id, v_task.state);
  end if;
  perform tasker.cancel_open_steps(p_task_id, v_now, tasker.audit('resolve', p_by, 'task_resolved'));
  perform tasker.move_tasks(array[p_task_id], 'resolved_manually', v_now, tasker.audit('resolve', p_by, p_reason));
end $$;

-- tasker.retry_task(…): retries every step that failed for good. If only cancelled steps block the task, says which.
create function tasker.retry_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns int language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
  v_step tasker.workflow_steps;
  v_count int := 0;
  v_cancelled text;
begin
  if v_task.state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot retry task %s: it is %s', p_task_id, v_task.state);
  end if;
  for v_step in
    select s.* from tasker.workflow_steps s
    where s.task_id = p_task_id and s.state = 'error' and s.ready_at is null and s.held_at is null order by s.step_no
  loop
    perform tasker.rearm_step(v_step, false, v_now, tasker.audit('retry', p_by, p_reason));
    v_count := v_count + 1;
  end loop;
  if v_count = 0 then
    select string_agg(t.name, ', ' order by s.step_no) into v_cancelled
    from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
    where s.task_id = p_task_id and s.state = 'cancelled';
    raise exception using errcode = 'TK002', message = case when v_task.state = 'error' and v_cancelled is not null
      then format('cannot retry task %s: what blocks it was cancelled (%s), and cancelled steps do not run again', p_task_id, v_cancelled)
      else format('cannot retry task %s: it is %s and no step of it failed for good', p_task_id, v_task.state) end;
  end if;
  perform tasker.settle_tasks(array[p_task_id], v_now, tasker.audit('retry', p_by, p_reason));
  return v_count;
end $$;

-- tasker.pause_task(…), resume_task(…): nothing of a paused task is claimed; what runs goes on. The steps that could be
-- claimed leave the claim index and keep their instant in held_at.
create function tasker.pause_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
begin
  if v_task.state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot pause task %s: it is %s', p_task_id, v_task.state);
  end if;
  update tasker.tasks t set paused_at = coalesce(t.paused_at, v_now), paused_by = p_by, paused_reason = p_reason where t.task_id = p_task_id;
  update tasker.workflow_steps s set held_at = s.ready_at, ready_at = null where s.task_id = p_task_id and s.ready_at is not null;
end $$;

create function tasker.resume_task(p_task_id uuid, p_by text default null, p_reason text default null)
returns void language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_task tasker.tasks := tasker.operate_on_task(p_task_id);
begin
  update tasker.tasks t set paused_at = null, paused_by = p_by, paused_reason = p_reason where t.task_id = p_task_id;
  -- Never earlier than now: a worker's watermark may have passed the old instant.
  update tasker.workflow_steps s set ready_at = greatest(s.held_at, v_now), held_at = null
  where s.task_id = p_task_id and s.held_at is not null;
end $$;

-- tasker.update_task(…): reason, tags, priority (of the steps that have not started).
create function tasker.update_task(p_task_id uuid, p_reason text default null, p_tags text[] default null, p_priority int default null)
returns void language plpgsql as $$
begin
  if p_priority not between 0 and 9 then
    raise exception using errcode = 'TK003', message = format('priority is 0 (first) to 9 (last), not %s', p_priority);
  end if;
  if p_priority is not null then
    perform 1 from tasker.workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
    update tasker.workflow_steps s set lane_id = tasker.sibling_lane(s.lane_id, p_priority, null)
    where s.task_id = p_task_id and s.state in ('pending', 'error');
  end if;
  update tasker.tasks t
  set reason = coalesce(p_reason, t.reason), tags = coalesce(p_tags, t.tags), priority = coalesce(p_priority, t.priority)
  where t.task_id = p_task_id;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
end $$;

-- tasker.pause(…), resume(…): a namespace, a named task (all versions), or a handler (everywhere). Writes lanes only.
-- Locks: `pauses` in SHARE ROW EXCLUSIVE mode, so that no lane is added meanwhile; then lane rows.
create function tasker.pause(p_namespace text default null, p_task_name text default null, p_handler text default null,
  p_by text default null, p_reason text default null)
returns void language plpgsql as $$
begin
  if (p_namespace is null) = (p_handler is null) or (p_task_name is not null and p_namespace is null) then
    raise exception using errcode = 'TK003', message = 'name what to pause: a namespace, a namespace and a task name, or a handler';
  end if;
  lock table tasker.pauses in share row exclusive mode;
  insert into tasker.pauses (namespace, task_name, handler, paused_at, paused_by, reason)
  values (p_namespace, p_task_name, p_handler, tasker.clock(), p_by, p_reason) on conflict do nothing;
  perform tasker.mark_paused_lanes();
end $$;

create function tasker.resume(p_namespace text default null, p_task_name text default null, p_handler text default null,
  p_by text default null, p_reason text default null)
returns void language plpgsql as $$
begin
  lock table tasker.pauses in share row exclusive mode;
  delete from tasker.pauses p
  where p.namespace is not distinct from p_namespace and p.task_name is not distinct from p_task_name
    and p.handler is not distinct from p_handler;
  perform tasker.mark_paused_lanes();
end $$;

create function tasker.mark_paused_lanes() returns void language sql as $$
  update tasker.lanes l set paused = x.paused
  from (select k.lane_id, exists (
          select from tasker.pauses p
          where (p.namespace is null or p.namespace = n.name) and (p.task_name is null or p.task_name = k.task_name)
            and (p.handler is null or p.handler = k.handler)) as paused
        from tasker.lanes k join tasker.namespaces n on n.namespace_id = k.namespace_id) x
  where l.lane_id = x.lane_id and l.paused <> x.paused
$$;

-- tasker.operate_on_tasks(…): one verb (cancel, retry, resolve, pause, resume) on many tasks in one transaction. What the
-- state machine does not allow for a task is told (`refused`), and the others go on; what does not exist is `missing`.
-- Called by: the bulk verbs, a batch a call.
-- Locks: all steps of all these tasks in order FOR NO KEY UPDATE, then the tasks by task_id FOR UPDATE, before the first
-- verb: what the verbs lock themselves is held already. Loser of a race: waits its turn.
create function tasker.operate_on_tasks(p_verb text, p_task_ids uuid[], p_by text default null, p_reason text default null)
returns table (task_id uuid, outcome text, message text)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  v_task_id uuid;
begin
  if p_verb is null or p_verb not in ('cancel', 'retry', 'resolve', 'pause', 'resume') then
    raise exception using errcode = 'TK003', message = format('the verb is cancel, retry, resolve, pause or resume, not %s', p_verb);
  end if;
  perform 1 from tasker.workflow_steps s where s.task_id = any (p_task_ids) order by s.task_id, s.step_no for no key update;
  perform 1 from tasker.tasks t where t.task_id = any (p_task_ids) order by t.task_id for update;
  for v_task_id in select distinct k from unnest(p_task_ids) k order by k loop
    begin
      case p_verb
        when 'cancel' then perform tasker.cancel_task(v_task_id, p_by, p_reason);
        when 'retry' then perform tasker.retry_task(v_task_id, p_by, p_reason);
        when 'resolve' then perform tasker.resolve_task(v_task_id, p_by, p_reason);
        when 'pause' then perform tasker.pause_task(v_task_id, p_by, p_reason);
        else perform tasker.resume_task(v_task_id, p_by, p_reason);
      end case;
      return query select v_task_id, 'done'::text, null::text;
    exception
      when sqlstate 'TK002' then return query select v_task_id, 'refused'::text, sqlerrm;
      when sqlstate 'TK006' then return query select v_task_id, 'missing'::text, sqlerrm;
    end;
  end loop;
end $$;
