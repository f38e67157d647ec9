-- tasker.lane(…): the lane of these values, made if need be.
-- Called by: register_template, create_tasks, and whatever moves a step to another lane.
-- Locks: the table `pauses` in ROW EXCLUSIVE mode, so that no pause slips in between reading the pauses and adding the
-- lane (a pause takes SHARE ROW EXCLUSIVE). Taken only when a lane is new.
-- Loser of a race: waits for the other's insert, then finds its lane.
create function tasker.lane(p_namespace_id int, p_task_name text, p_handler text, p_priority int, p_mode int)
returns int language plpgsql as $$
declare
  v_lane_id int;
begin
  select l.lane_id into v_lane_id from tasker.lanes l
  where l.namespace_id = p_namespace_id and l.task_name = p_task_name and l.handler = p_handler
    and l.priority = p_priority and l.mode = p_mode and l.tenant is null and l.limit_key is null;
  if found then
    return v_lane_id;
  end if;
  lock table tasker.pauses in row exclusive mode;
  insert into tasker.lanes (namespace_id, task_name, handler, priority, mode, paused)
  select p_namespace_id, p_task_name, p_handler, p_priority, p_mode, exists (
    select from tasker.pauses p join tasker.namespaces n on n.namespace_id = p_namespace_id
    where (p.namespace is null or p.namespace = n.name) and (p.task_name is null or p.task_name = p_task_name)
      and (p.handler is null or p.handler = p_handler))
  on conflict do nothing;
  select l.lane_id into strict v_lane_id from tasker.lanes l
  where l.namespace_id = p_namespace_id and l.task_name = p_task_name and l.handler = p_handler
    and l.priority = p_priority and l.mode = p_mode and l.tenant is null and l.limit_key is null;
  return v_lane_id;
end $$;

-- tasker.sibling_lane(…): the lane beside p_lane_id with another priority or mode (null: the same).
create function tasker.sibling_lane(p_lane_id int, p_priority int, p_mode int)
returns int language plpgsql as $$
declare
  v_lane tasker.lanes;
begin
  select * into strict v_lane from tasker.lanes l where l.lane_id = p_lane_id;
  if coalesce(p_priority, v_lane.priority) = v_lane.priority and coalesce(p_mode, v_lane.mode) = v_lane.mode then
    return p_lane_id;
  end if;
  return tasker.lane(v_lane.namespace_id, v_lane.task_name, v_lane.handler,
                     coalesce(p_priority, v_lane.priority), coalesce(p_mode, v_lane.mode));
end $$;

-- tasker.claim_mode(…): how a step may be claimed, from what is left of its budget (see `lanes.mode`).
create function tasker.claim_mode(p_attempts int, p_retry_limit int, p_worker_losses int, p_max_worker_losses int)
returns int language sql immutable as $$
  select case when p_worker_losses > 0 and p_worker_losses >= p_max_worker_losses - 1 then 2
              when p_worker_losses > 0 or p_attempts + 1 >= p_retry_limit then 1
              else 0 end
$$;
