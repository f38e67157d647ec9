-- tasker.complete_steps(…): the flush. Records results, counts down the parents of the dependents (one decrement a join
-- and one write a task for the whole flush), readies those that have none left, hands as many of these as the worker has
-- room for straight back (sticky claims), closes the tasks that ended, writes the trail.
-- Called by: the flusher of a worker; `complete_step`, without a worker.
-- Answers: a row for each outcome that was not plainly recorded (already_recorded, attempt_lost, busy), one for each
-- sticky claim, one for each regular task that is complete now, and one `readied` with the number of steps made ready for
-- others.
-- Locks: own worker row FOR KEY SHARE; outcomes and their dependents in one ordered statement FOR NO KEY UPDATE; tasks by
-- task_id FOR KEY SHARE, which does not queue; then tasks of completed sinks and irregular tasks by task_id FOR NO KEY
-- UPDATE. (That upgrade cannot deadlock: whoever takes FOR UPDATE on a task waits for our KEY SHARE first.)
-- Updates follow in later statements: an UPDATE … FROM unnest() locks in plan order. Index: the primary keys, by nested
-- loops only, hence the planner settings.
-- Loser of a race: with p_wait false, what is locked is left alone and answered `busy`; with p_wait, waits its turn.
-- p_room, p_slots: as in claim_steps; a draining worker claims nothing. p_priority: no step of a higher number is claimed sticky (better ones wait).
create function tasker.complete_steps(p_worker_id bigint, p_task_ids uuid[], p_step_nos int[], p_claim_nos int[], p_results jsonb[],
  p_room int default 0, p_slots int default 0, p_priority int default 9, p_wait boolean default true, p_done bigint[] default null)
returns setof tasker.flush_row
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  v_now timestamptz;
  v_handlers text[];
  v_answer tasker.flush_row[];
  v_row tasker.flush_row;
  v_lanes int[];
  v_modes int[];
  v_priorities int[];
  v_keys int;
  v_task_count int;
  v_to_close uuid[];
  v_locked_tasks uuid[];
  v_locked_steps int[];
  v_tasks uuid[];
  v_sinks uuid[];
  v_held uuid[];
  v_irregular uuid[];
  v_free uuid[];
  v_busy bigint[];
  v_done_tasks uuid[];
  v_done_steps int[];
  v_done_claims int[];
  v_readied int;
  v_claims tasker.flush_row[];
  v_claimed_tasks uuid[];
  v_claimed_steps int[];
  v_batch bigint;
begin
  if p_worker_id is not null then
    select case when w.state = 'alive' then w.handlers end into v_handlers
    from tasker.workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining') for key share of w;
    if not found then
      raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
    end if;
    if cardinality(p_task_ids) = 1 and not p_wait then
      v_answer := tasker.complete_alone(p_worker_id, v_handlers, p_task_ids[1], p_step_nos[1], p_claim_nos[1], p_results[1],
                                        p_room, p_slots, p_priority);
      if v_answer is not null then
        foreach v_row in array v_answer loop
          return next v_row;
        end loop;
        if p_done is not null then
          perform tasker.drop_claims(p_worker_id, p_done);
        end if;
        return;
      end if;
    end if;
    if p_room > 0 and v_handlers is not null then
      select array_agg(n.lane_id), array_agg(n.mode), array_agg(n.priority) into v_lanes, v_modes, v_priorities from tasker.lanes n
      where n.handler = any (v_handlers) and not n.paused and n.priority <= p_priority and (n.mode = 0 or (n.mode = 1 and p_slots > 0));
    end if;
  end if;

  if p_wait then
    perform tasker.await_steps(p_task_ids, p_step_nos);
  end if;
  with outcome as materialized (
    select s.task_id, s.step_no, s.dependents from unnest(p_task_ids, p_step_nos) o(task_id, step_no)
    join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no),
  key as materialized (
    select o.task_id, o.step_no from outcome o
    union
    select o.task_id, d.step_no from outcome o cross join lateral unnest(o.dependents) d(step_no)
    order by 1, 2),
  locked as materialized (
    select s.task_id, s.step_no from key k join tasker.workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
    order by k.task_id, k.step_no for no key update of s skip locked)
  select (select count(*) from key), array_agg(l.task_id), array_agg(l.step_no),
         (select array_agg(distinct o.task_id) from outcome o where o.dependents is null)
  into v_keys, v_locked_tasks, v_locked_steps, v_sinks from locked l;

  if p_wait then
    perform 1 from (select distinct k.task_id from unnest(p_task_ids) k(task_id)) k join tasker.tasks t on t.task_id = k.task_id
    order by t.task_id for key share of t;
  end if;
  select array_agg(x.task_id), array_agg(x.task_id) filter (where x.paused_at is not null), array_agg(x.task_id) filter (where x.irregular),
         (select count(distinct k) from unnest(p_task_ids) k)
  into v_tasks, v_held, v_irregular, v_task_count
  from (select t.task_id, t.paused_at, t.irregular
        from (select distinct k.task_id from unnest(p_task_ids) k(task_id) order by 1) k join tasker.tasks t on t.task_id = k.task_id
        order by k.task_id for key share of t skip locked) x;
  if v_sinks is not null or v_irregular is not null then
    v_to_close := array(select unnest(v_sinks) union select unnest(v_irregular) order by 1);
    if p_wait then
      perform 1 from unnest(v_to_close) k(task_id) join tasker.tasks t on t.task_id = k.task_id order by k.task_id for no key update of t;
    end if;
    select array_agg(x.task_id) into v_free
    from (select t.task_id from unnest(v_to_close) k(task_id)
          join tasker.tasks t on t.task_id = k.task_id order by k.task_id for no key update of t skip locked) x;
  end if;

  if coalesce(cardinality(v_locked_tasks), 0) < v_keys or coalesce(cardinality(v_tasks), 0) < v_task_count
     or cardinality(v_free) is distinct from cardinality(v_to_close) then
    -- Somebody else's transaction holds some of it: leave those outcomes alone.
    v_busy := array(select b from tasker.busy_outcomes(p_task_ids, p_step_nos, v_locked_tasks, v_locked_steps, v_tasks, v_free,
                                                       v_sinks, v_irregular) b);
    return query
    select 'busy', o.task_id, o.step_no, o.claim_no, null::int, null::int, null::int, null::bigint, null::timestamptz, null::boolean,
           null::text, null::text, null::text
    from unnest(p_task_ids, p_step_nos, p_claim_nos) with ordinality o(task_id, step_no, claim_no, place)
    where o.place = any (v_busy);
    select coalesce(array_agg(o.task_id), '{}'), coalesce(array_agg(o.step_no), '{}'), coalesce(array_agg(o.claim_no), '{}'),
           coalesce(array_agg(o.results), '{}')
    into p_task_ids, p_step_nos, p_claim_nos, p_results
    from unnest(p_task_ids, p_step_nos, p_claim_nos, p_results) with ordinality o(task_id, step_no, claim_no, results, place)
    where o.place <> all (v_busy);
  end if;

  -- Only now, with the locks: who completes a join after another parent did so in another transaction says so, or the trail
  -- would have the join begin before that parent was done.
  v_now := tasker.clock();
  with outcome as (
    select * from unnest(p_task_ids, p_step_nos, p_claim_nos, p_results) o(task_id, step_no, claim_no, results)),
  done as (
    update tasker.workflow_steps s set state = 'complete', results = o.results, ended_at = v_now, seq = s.seq + 1
    from outcome o
    where s.task_id = o.task_id and s.step_no = o.step_no and s.claim_no = o.claim_no and s.state = 'in_progress'
    returning s.task_id, s.step_no, s.claim_no, s.seq, s.attempts, s.dependents),
  freed as (
    select d.task_id, n.step_no, count(*)::int as parents from done d cross join lateral unnest(d.dependents) n(step_no) group by 1, 2),
  target as (
    select s.task_id, s.step_no, f.parents, l.mode, l.priority, s.state = 'pending' and s.open_parents = f.parents as readied,
           s.task_id = any (v_held) is true as held
    from freed f join tasker.workflow_steps s on s.task_id = f.task_id and s.step_no = f.step_no
    left join unnest(v_lanes, v_modes, v_priorities) l(lane_id, mode, priority) on l.lane_id = s.lane_id),
  -- Steps that must start at once come first, as many as there are slots; then by priority. No join here: with nested loops
  -- only it would compare every pair of the flush.
  placed as (
    select t.*, t.readied and not t.held and t.mode is not null as eligible,
           row_number() over (partition by t.readied and not t.held and t.mode is not null order by t.mode desc, t.priority, t.task_id, t.step_no) as place
    from target t),
  decided as materialized (
    select p.task_id, p.step_no, p.parents, p.readied, p.held, p.place,
           p.eligible and p.place <= case p.mode when 1 then least(p_slots, p_room) else p_room end as sticky
    from placed p),
  next as (
    update tasker.workflow_steps s
    set open_parents = s.open_parents - d.parents,
        state = case when d.sticky then 'in_progress'::tasker.state else s.state end,
        ready_at = case when d.readied and not d.sticky and not d.held then v_now else s.ready_at end,
        held_at = case when d.readied and d.held then v_now else s.held_at end,
        claim_no = s.claim_no + d.sticky::int, attempts = s.attempts + d.sticky::int, seq = s.seq + d.sticky::int,
        worker_id = case when d.sticky then p_worker_id else s.worker_id end,
        last_attempted_at = case when d.sticky then v_now else s.last_attempted_at end
    from decided d where s.task_id = d.task_id and s.step_no = d.step_no
    returning s.task_id, s.step_no, s.claim_no, s.attempts, s.seq, s.step_template_id, s.lane_id, s.parent_count, s.inputs,
              d.sticky, d.readied, d.place),
  trail as (
    insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select d.task_id, d.step_no, d.seq, 'in_progress'::tasker.state, 'complete'::tasker.state, d.attempts, v_now, null::bigint from done d
    union all
    select n.task_id, n.step_no, n.seq, 'pending', 'in_progress', n.attempts, v_now, p_worker_id from next n where n.sticky),
  totals as (
    select array_agg(d.task_id) as tasks, array_agg(d.step_no) as steps, array_agg(d.claim_no) as claims,
           array_agg(d.task_id) filter (where d.dependents is null) as sinks from done d)
  select t.tasks, t.steps, t.claims, t.sinks, (select count(*) from next n where n.readied and not n.sticky),
         (select array_agg(row('claimed', n.task_id, n.step_no, n.claim_no, n.attempts, n.step_template_id, n.lane_id, null, v_now,
                               null, null, n.inputs::text, case when n.parent_count > 1 then '' end)::tasker.flush_row order by n.place)
          from next n where n.sticky),
         (select array_agg(n.task_id) from next n where n.sticky), (select array_agg(n.step_no) from next n where n.sticky)
  into v_done_tasks, v_done_steps, v_done_claims, v_sinks, v_readied, v_claims, v_claimed_tasks, v_claimed_steps from totals t;

  if v_sinks is not null then
    return query select n.* from unnest(tasker.close_tasks(v_sinks, v_now)) k(task_id)
    cross join lateral tasker.flush_note('ended', null, null, k.task_id) n;
  end if;
  if v_irregular is not null then
    perform tasker.settle_tasks(array(select distinct k from unnest(v_irregular) k where k = any (p_task_ids)), v_now);
  end if;
  if p_done is not null then
    perform tasker.drop_claims(p_worker_id, p_done);
  end if;

  if coalesce(cardinality(v_done_tasks), 0) < cardinality(p_task_ids) then
    return query
    select case when s.state = 'complete' and s.claim_no = o.claim_no then 'already_recorded' else 'attempt_lost' end,
           o.task_id, o.step_no, o.claim_no, null::int, null::int, null::int, null::bigint, null::timestamptz, null::boolean,
           null::text, null::text, null::text
    from unnest(p_task_ids, p_step_nos, p_claim_nos) o(task_id, step_no, claim_no)
    left join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
    where not exists (select from unnest(v_done_tasks, v_done_steps, v_done_claims) d(task_id, step_no, claim_no)
                      where d.task_id = o.task_id and d.step_no = o.step_no and d.claim_no = o.claim_no);
  end if;
  if v_readied > 0 then
    return next tasker.flush_note('readied', v_readied);
  end if;
  if v_claims is not null then
    insert into tasker.worker_claims (worker_id, task_ids, step_nos) values (p_worker_id, v_claimed_tasks, v_claimed_steps)
    returning batch into v_batch;
    return query
    select c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, v_batch, c.ready_at, c.unvalidated,
           c.context, c.inputs, c.dependencies
    from unnest(tasker.with_parent_results(v_claims)) c;
  end if;
end $$;

-- tasker.await_steps(…): waits for the locks that the flush will take on steps, in the same order.
create function tasker.await_steps(p_task_ids uuid[], p_step_nos int[])
returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
begin
  perform 1
  from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no)
        union
        select s.task_id, d.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no)
        join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
        cross join lateral unnest(s.dependents) d(step_no)
        order by 1, 2) k
  join tasker.workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
  order by k.task_id, k.step_no for no key update of s;
end $$;

-- tasker.busy_outcomes(…): the places, from 1, of the outcomes for which a lock is missing: their own step, a dependent, or
-- their task. Two flushes that meet in a large task ask for hundreds of locks: hashed, or every pair would be compared.
create function tasker.busy_outcomes(p_task_ids uuid[], p_step_nos int[], p_locked_tasks uuid[], p_locked_steps int[],
  p_shared uuid[], p_free uuid[], p_sinks uuid[], p_irregular uuid[])
returns setof bigint language sql stable set enable_hashjoin = on as $$
  with outcome as materialized (
    select o.place, o.task_id, o.step_no, s.dependents
    from unnest(p_task_ids, p_step_nos) with ordinality o(task_id, step_no, place)
    join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no),
  key as materialized (
    select o.place, o.task_id, k.step_no from outcome o cross join lateral unnest(o.step_no || o.dependents) k(step_no)),
  locked as materialized (select l.task_id, l.step_no from unnest(p_locked_tasks, p_locked_steps) l(task_id, step_no)),
  exclusive as materialized (
    select o.place, o.task_id from outcome o
    where o.task_id = any (p_irregular) or (o.dependents is null and o.task_id = any (p_sinks)))
  select k.place from key k
  where not exists (select from locked l where l.task_id = k.task_id and l.step_no = k.step_no)
  union
  select o.place from outcome o where not exists (select from unnest(p_shared) t(task_id) where t.task_id = o.task_id)
  union
  select e.place from exclusive e where not exists (select from unnest(p_free) t(task_id) where t.task_id = e.task_id)
$$;

-- tasker.close_tasks(…): counts completed sinks (one entry each); a regular task without open sinks is complete. Returns those.
-- Called by: complete_steps, with the tasks FOR NO KEY UPDATE.
create function tasker.close_tasks(p_sinks uuid[], p_now timestamptz)
returns uuid[] language plpgsql as $$
declare
  v_closed uuid[];
begin
  with sink as (select k.task_id, count(*)::int as steps from unnest(p_sinks) k(task_id) group by 1),
  closed as (
    update tasker.tasks t
    set open_sinks = t.open_sinks - s.steps,
        state = case when t.open_sinks = s.steps then 'complete' else t.state end,
        completed_at = case when t.open_sinks = s.steps then p_now end,
        seq = t.seq + (t.open_sinks = s.steps)::int
    from sink s where t.task_id = s.task_id and not t.irregular
    returning t.task_id, t.seq, t.state),
  trail as (
    insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at)
    select c.task_id, c.seq, 'in_progress', 'complete', p_now from closed c where c.state = 'complete')
  select array_agg(c.task_id) filter (where c.state = 'complete') into v_closed from closed c;
  return v_closed;
end $$;

-- tasker.complete_step(…): one step, from the handler's own transaction: the step takes effect exactly once.
-- Raises TK001 when the attempt is no longer held, so that the transaction around it rolls back. Claims nothing, notifies
-- nobody. Completing the same claim again is a success.
create function tasker.complete_step(p_task_id uuid, p_step_no int, p_claim_no int, p_results jsonb default '{}')
returns void language plpgsql as $$
declare
  v_status text;
begin
  select r.status into v_status
  from tasker.complete_steps(null, array[p_task_id], array[p_step_no], array[p_claim_no],
                             array[case when p_results is null or p_results = 'null' then '{}' else p_results end]) r
  where r.status in ('attempt_lost', 'already_recorded');
  if v_status = 'attempt_lost' then
    raise exception using errcode = 'TK001', message = format(
      'claim %s of step %s of task %s is no longer held: the step was taken over, cancelled or resolved meanwhile', p_claim_no, p_step_no, p_task_id);
  end if;
end $$;
