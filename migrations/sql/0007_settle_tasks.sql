-- tasker.move_tasks(…): moves tasks to a state and writes the trail.
-- Called by: functions that hold the tasks FOR NO KEY UPDATE or stronger. The caller knows that the move is legal.
create function tasker.move_tasks(p_task_ids uuid[], p_to tasker.state, p_now timestamptz, p_metadata jsonb default null)
returns void language sql as $$
  with old as (
    select t.task_id, t.state from tasker.tasks t where t.task_id = any (p_task_ids)),
  moved as (
    update tasker.tasks t set state = p_to, seq = t.seq + 1,
      started_at = case when p_to = 'in_progress' then coalesce(t.started_at, p_now) else t.started_at end,
      completed_at = case when p_to in ('pending', 'in_progress') then null else p_now end
    from old where t.task_id = old.task_id
    returning t.task_id, t.seq, old.state as from_state)
  insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at, metadata)
  select m.task_id, m.seq, m.from_state, p_to, p_now, p_metadata from moved m
$$;

-- tasker.settle_tasks(…): puts tasks into the state that their steps call for, by looking at the steps.
-- Called by: whatever made a task irregular, and every completion in one; with the tasks FOR NO KEY UPDATE or stronger,
-- in a later statement than the lock, so that its snapshot sees whoever held the task before.
-- Index: workflow_steps_pkey. A task whose state is terminal stays.
create function tasker.settle_tasks(p_task_ids uuid[], p_now timestamptz, p_metadata jsonb default null)
returns void language plpgsql set enable_seqscan = off as $$
declare
  v_task record;
  v_target tasker.state;
begin
  for v_task in
    select t.task_id, t.state,
           exists (select from tasker.workflow_steps s where s.task_id = t.task_id
                   and (s.state = 'in_progress' or s.ready_at is not null or s.held_at is not null)) as alive,
           not exists (select from tasker.workflow_steps s where s.task_id = t.task_id
                       and s.state not in ('complete', 'resolved_manually')) as done
    from tasker.tasks t where t.task_id = any (p_task_ids) and t.state in ('pending', 'in_progress', 'error')
    order by t.task_id
  loop
    v_target := case when v_task.done then 'complete'
                     when not v_task.alive then 'error'
                     when v_task.state = 'pending' then 'pending'
                     else 'in_progress' end;
    continue when v_target = v_task.state;
    if v_task.state = 'error' then
      perform tasker.move_tasks(array[v_task.task_id], 'pending', p_now, p_metadata);
      perform tasker.move_tasks(array[v_task.task_id], 'in_progress', p_now, p_metadata);
    elsif v_task.state = 'pending' and v_target = 'complete' then
      perform tasker.move_tasks(array[v_task.task_id], 'in_progress', p_now, p_metadata);
    end if;
    if v_target <> 'in_progress' or v_task.state = 'pending' then
      perform tasker.move_tasks(array[v_task.task_id], v_target, p_now, p_metadata);
    end if;
  end loop;
end $$;
