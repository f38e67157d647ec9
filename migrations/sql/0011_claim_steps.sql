-- What a claim hands out, and what a flush answers.
-- status: claimed · alone (the one step claimed must run with nothing beside it) · alone_waiting (such a step waits for a
-- process that does nothing else) · slot_waiting (such that must start at once wait, and there was no slot for them) · more
-- (all room was used; step_no is the priority of the last step taken) · next_due
-- (nothing to claim before ready_at) · already_recorded · attempt_lost · busy (locked by somebody else's transaction; send
-- it again with p_wait) · readied (step_no is how many steps became ready for others) · ended (the task is complete).
create type tasker.flush_row as (
  status text,
  task_id uuid,
  step_no int,
  claim_no int,
  attempt int,
  step_template_id int,
  lane_id int,
  batch bigint,
  ready_at timestamptz,
  unvalidated boolean,
  context text,                       -- null where the worker has it already (it comes once a task), or over 64 KiB: ask for it
  inputs text,
  dependencies text                   -- {"step_no": results}: parents that the caller does not have; null over 64 KiB
);

-- tasker.claim_steps(…): takes ready steps for a worker, first by priority, then by turn among lanes, oldest first.
-- Called by: the dispatcher of a worker; the test driver (p_task_ids).
-- Locks: own worker row FOR KEY SHARE once there is something to take; steps SKIP LOCKED; then pending tasks by task_id FOR NO KEY UPDATE.
-- Index: workflow_steps_ready, one range a lane, from the caller's watermark (with p_task_ids: workflow_steps_pkey): it must be walked in order, hence the planner
-- settings, which hold for all that is called from here. Left alone the planner reads every ready row by bitmap and sorts them.
-- Loser of a race: skips what is locked and takes the next.
-- p_room: how many steps at the most; p_slots: how many of those may be of lanes with mode 1; p_alone: the process does
-- nothing at all, so that a step of mode 2 may be taken, alone. p_lanes, p_marks: from which ready_at to look a lane;
-- p_since: the others (from the beginning). p_until: up to where (the present): a worker looks through the past piece by piece.
create function tasker.claim_steps(p_worker_id bigint, p_room int, p_slots int default null, p_alone boolean default false,
  p_lanes int[] default null, p_marks timestamptz[] default null, p_task_ids uuid[] default null, p_idle boolean default null,
  p_since timestamptz default null, p_until timestamptz default null)
returns setof tasker.flush_row
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  v_now timestamptz := tasker.clock();
  v_until timestamptz := least(v_now, p_until);
  v_worker tasker.workers;
  v_slots int := coalesce(p_slots, p_room);
  v_left int := p_room;
  v_lanes int[];
  v_priorities int[];
  v_modes int[];
  v_marks timestamptz[];
  v_alone boolean;
  v_picked tasker.flush_row[];
  v_all tasker.flush_row[] := '{}';
  v_share int;
  v_i int := 1;
  v_end int;
  v_batch bigint;
begin
  select * into v_worker from tasker.workers w where w.worker_id = p_worker_id and w.state = 'alive';
  if not found then
    raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
  end if;

  if p_task_ids is null then
    -- Lanes with something ready, best first. A lane is one priority; its head is one probe of the index. Steps are then
    -- taken from the head on: the probe has walked over the dead entries before it, and once is enough.
    select array_agg(h.lane_id order by h.priority, h.head), array_agg(h.priority order by h.priority, h.head),
           array_agg(h.mode order by h.priority, h.head), array_agg(h.head order by h.priority, h.head), bool_or(h.mode = 2)
    into v_lanes, v_priorities, v_modes, v_marks, v_alone
    from (
      select l.lane_id, l.priority, l.mode,
             (select s.ready_at from tasker.workflow_steps s
              where s.lane_id = l.lane_id and s.ready_at >= coalesce(m.mark, p_since, '-infinity') and s.ready_at <= v_until
              order by s.ready_at limit 1) as head
      from tasker.lanes l
      left join unnest(p_lanes, p_marks) m(lane_id, mark) on m.lane_id = l.lane_id
      where l.handler = any (v_worker.handlers) and not l.paused
      offset 0) h
    where h.head is not null;
  else
    -- The lanes of these tasks, and of those only what is theirs: what others have ready in the same lanes does not count.
    select array_agg(h.lane_id order by h.priority, h.head, h.step_no), array_agg(h.priority order by h.priority, h.head, h.step_no),
           array_agg(h.mode order by h.priority, h.head, h.step_no), array_agg('-infinity'::timestamptz), bool_or(h.mode = 2)
    into v_lanes, v_priorities, v_modes, v_marks, v_alone
    from (
      select l.lane_id, l.priority, l.mode, min(s.ready_at) as head, min(s.step_no) as step_no
      from unnest(p_task_ids) k(task_id)
      join tasker.workflow_steps s on s.task_id = k.task_id
      join tasker.lanes l on l.lane_id = s.lane_id
      where s.ready_at <= v_until and l.handler = any (v_worker.handlers) and not l.paused
      group by 1, 2, 3) h;
  end if;

  if v_lanes is not null then
    -- Only now: a lock is written, and a poll that finds nothing should cost no commit.
    perform 1 from tasker.workers w where w.worker_id = p_worker_id and w.state = 'alive' for key share;
    if not found then
      raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
    end if;
  end if;

  if v_alone and p_alone then
    -- Nothing else runs here: the suspect goes first, and by itself.
    v_picked := tasker.take_steps(p_worker_id, (array(select l from unnest(v_lanes, v_modes) u(l, mode) where mode = 2))[1:1],
                                  '{-infinity}', 1, 1, v_now, v_until, p_task_ids);
    if v_picked is not null then
      v_all := v_picked;
      v_i := cardinality(v_lanes) + 1;
      return next tasker.flush_note('alone');
    end if;
  elsif v_alone then
    return next tasker.flush_note('alone_waiting');
  end if;

  while v_left > 0 and v_i <= coalesce(cardinality(v_lanes), 0) loop
    v_end := v_i;
    while v_end < cardinality(v_lanes) and v_priorities[v_end + 1] = v_priorities[v_i] loop
      v_end := v_end + 1;
    end loop;
    -- One round shares the room among the lanes of this priority, oldest head first and never more than there is room for;
    -- what is left over is offered to each in turn. Lanes of mode 1 have their share of the slots.
    v_share := ceil(v_left::numeric / (v_end - v_i + 1));
    if v_end > v_i then
      for v_lane in v_i .. v_end loop
        exit when v_left <= 0 or v_slots <= 0;
        continue when v_modes[v_lane] <> 1;
        v_picked := tasker.take_steps(p_worker_id, v_lanes[v_lane:v_lane], v_marks[v_lane:v_lane],
          least(v_share, v_slots, v_left), least(v_share, v_slots, v_left), v_now, v_until, p_task_ids);
        v_left := v_left - coalesce(cardinality(v_picked), 0);
        v_slots := v_slots - coalesce(cardinality(v_picked), 0);
        v_all := v_all || coalesce(v_picked, '{}');
      end loop;
      v_picked := tasker.take_steps(p_worker_id,
        array(select l from unnest(v_lanes[v_i:v_end], v_modes[v_i:v_end]) u(l, mode) where mode = 0),
        array(select k from unnest(v_marks[v_i:v_end], v_modes[v_i:v_end]) u(k, mode) where mode = 0), v_share, v_left, v_now, v_until, p_task_ids);
      v_left := v_left - coalesce(cardinality(v_picked), 0);
      v_all := v_all || coalesce(v_picked, '{}');
    end if;
    for v_lane in v_i .. v_end loop
      exit when v_left <= 0;
      continue when v_modes[v_lane] = 2 or (v_modes[v_lane] = 1 and v_slots <= 0);
      v_picked := tasker.take_steps(p_worker_id, v_lanes[v_lane:v_lane], v_marks[v_lane:v_lane],
        case when v_modes[v_lane] = 1 then least(v_left, v_slots) else v_left end, v_left, v_now, v_until, p_task_ids);
      v_left := v_left - coalesce(cardinality(v_picked), 0);
      if v_modes[v_lane] = 1 then
        v_slots := v_slots - coalesce(cardinality(v_picked), 0);
      end if;
      v_all := v_all || coalesce(v_picked, '{}');
    end loop;
    v_i := v_end + 1;
  end loop;

  if 1 = any (v_modes) and coalesce(p_slots, p_room) <= 0 then
    return next tasker.flush_note('slot_waiting');
  end if;
  if p_idle is not null then
    update tasker.worker_heartbeats h set idle = not h.idle
    where h.worker_id = p_worker_id and h.idle <> (p_idle and cardinality(v_all) = 0);
  end if;
  if cardinality(v_all) = 0 then
    if p_idle is not null then
      return query select n.* from (
        select min(h.due) as due from (
          select (select s.ready_at from tasker.workflow_steps s where s.lane_id = l.lane_id and s.ready_at > v_now
                  order by s.ready_at limit 1) as due
          from tasker.lanes l where l.handler = any (v_worker.handlers) and not l.paused) h) d
      cross join lateral tasker.flush_note('next_due', null, d.due) n
      where d.due is not null;
    end if;
    return;
  elsif v_left <= 0 then
    return next tasker.flush_note('more', v_priorities[v_i - 1]);
  end if;
  perform tasker.start_tasks(array(select distinct a.task_id from unnest(v_all) a), v_now);
  insert into tasker.worker_claims (worker_id, task_ids, step_nos)
  select p_worker_id, array_agg(a.task_id), array_agg(a.step_no) from unnest(v_all) a
  returning batch into v_batch;
  -- In the order they were taken, which is the order they will run in.
  return query
  select c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, v_batch, c.ready_at, t.unvalidated,
         case when c.place = 1 and pg_column_size(t.context) <= 65536 then t.context::text end, c.inputs, c.dependencies
  from (select a.*, row_number() over (partition by a.task_id order by a.ordinality) as place  -- the context comes once a task
        from unnest(tasker.with_parent_results(v_all)) with ordinality a) c
  join tasker.tasks t on t.task_id = c.task_id
  order by c.ordinality;
end $$;

-- tasker.flush_note(…): a row that is not about one step.
create function tasker.flush_note(p_status text, p_number int default null, p_at timestamptz default null, p_task_id uuid default null)
returns tasker.flush_row language sql immutable parallel safe as $$
  select row(p_status, p_task_id, p_number, null, null, null, null, null, p_at, null, null, null, null)::tasker.flush_row
$$;

-- tasker.take_steps(…): claims up to p_limit ready steps of each of these lanes, p_room in all.
-- Called by: claim_steps, which holds the worker row. Locks: steps, SKIP LOCKED, in index order.
create function tasker.take_steps(p_worker_id bigint, p_lanes int[], p_marks timestamptz[], p_limit int, p_room int, p_now timestamptz,
  p_until timestamptz, p_task_ids uuid[])
returns tasker.flush_row[] language plpgsql as $$
declare
  v_tasks uuid[];
  v_steps int[];
  v_states tasker.state[];
  v_ready timestamptz[];
  v_claims tasker.flush_row[];
begin
  if p_task_ids is null then
    select array_agg(x.task_id), array_agg(x.step_no), array_agg(x.state), array_agg(x.ready_at) into v_tasks, v_steps, v_states, v_ready
    from (
      select y.* from unnest(p_lanes, p_marks) l(lane_id, mark)
      cross join lateral (
        select s.task_id, s.step_no, s.state, s.ready_at from tasker.workflow_steps s
        where s.lane_id = l.lane_id and s.ready_at >= l.mark and s.ready_at <= p_until
        order by s.ready_at limit p_limit
        for no key update skip locked) y
      limit p_room) x;
  else
    select array_agg(x.task_id), array_agg(x.step_no), array_agg(x.state), array_agg(x.ready_at) into v_tasks, v_steps, v_states, v_ready
    from (
      select s.task_id, s.step_no, s.state, s.ready_at
      from unnest(p_task_ids) k(task_id) join tasker.workflow_steps s on s.task_id = k.task_id
      where s.lane_id = any (p_lanes) and s.ready_at <= p_until
      order by s.ready_at, s.task_id, s.step_no limit least(p_limit, p_room)
      for no key update of s skip locked) x;
  end if;
  if v_tasks is null then
    return null;
  end if;

  with claimed as (
    update tasker.workflow_steps s
    set state = 'in_progress', ready_at = null, claim_no = s.claim_no + 1, attempts = s.attempts + 1, worker_id = p_worker_id,
        last_attempted_at = p_now, seq = s.seq + case when p.state = 'error' then 2 else 1 end
    from unnest(v_tasks, v_steps, v_states, v_ready) p(task_id, step_no, state, ready_at)
    where s.task_id = p.task_id and s.step_no = p.step_no
    returning s.task_id, s.step_no, s.claim_no, s.attempts, s.step_template_id, s.lane_id, s.seq, s.inputs, s.parent_count,
              p.state, p.ready_at),
  trail as (
    insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select c.task_id, c.step_no, c.seq - 1, 'error'::tasker.state, 'pending'::tasker.state, c.attempts - 1, p_now, null::bigint
    from claimed c where c.state = 'error'
    union all
    select c.task_id, c.step_no, c.seq, 'pending', 'in_progress', c.attempts, p_now, p_worker_id from claimed c)
  select array_agg(row('claimed', c.task_id, c.step_no, c.claim_no, c.attempts, c.step_template_id, c.lane_id, null, c.ready_at,
                       null, null, c.inputs::text, case when c.parent_count > 0 then '' end)::tasker.flush_row)
  into v_claims from claimed c;
  return v_claims;
end $$;

-- tasker.start_tasks(…): tasks of which a step was claimed are in progress.
-- Locks: the pending ones by task_id, FOR NO KEY UPDATE; the steps are locked already.
create function tasker.start_tasks(p_task_ids uuid[], p_now timestamptz)
returns void language plpgsql as $$
declare
  v_pending uuid[];
begin
  select array_agg(x.task_id) into v_pending from (
    select t.task_id from unnest(p_task_ids) k(task_id) join tasker.tasks t on t.task_id = k.task_id
    where t.state = 'pending' order by t.task_id for no key update of t) x;
  if v_pending is not null then
    with started as (
      update tasker.tasks t set state = 'in_progress', started_at = coalesce(t.started_at, p_now), seq = t.seq + 1
      from unnest(v_pending) k(task_id) where t.task_id = k.task_id
      returning t.task_id, t.seq)
    insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at)
    select s.task_id, s.seq, 'pending', 'in_progress', p_now from started s;
  end if;
end $$;

-- tasker.with_parent_results(…): the claims with the results of their direct parents, {"step_no": results}, for those that
-- have an empty text there; null where they are over 64 KiB together. In the same order.
-- Index: workflow_steps_pkey, by the whole key: left alone the planner reads all steps of a task for each of them.
create function tasker.with_parent_results(p_claims tasker.flush_row[])
returns tasker.flush_row[] language plpgsql stable as $$
begin
  if not exists (select from unnest(p_claims) c where c.dependencies is not null) then
    return p_claims;
  end if;
  return (
    select array_agg(row(c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, c.batch, c.ready_at,
                         c.unvalidated, c.context, c.inputs, d.results)::tasker.flush_row order by c.ordinality)
    from unnest(p_claims) with ordinality c
    cross join lateral (
      select case when sum(pg_column_size(p.results)) <= 65536
             then '{' || string_agg('"' || p.step_no || '":' || coalesce(p.results::text, 'null'), ',') || '}' end as results
      from tasker.step_templates t
      cross join lateral unnest(t.parents) k(step_no)
      cross join lateral (select s.step_no, s.results from tasker.workflow_steps s
                          where s.task_id = c.task_id and s.step_no = k.step_no offset 0) p
      where c.dependencies is not null and t.step_template_id = c.step_template_id) d);
end $$;
