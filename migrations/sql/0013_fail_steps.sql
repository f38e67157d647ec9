-- tasker.fail_steps(…): records failures, decides whether each step is tried again and when.
-- Called by: the flusher of a worker; `fail_step`, without a worker; reap_workers through end_attempt.
-- p_failures: {error, error_class, error_code, backtrace, retryable, details}; p_retry_afters: seconds or null.
-- p_backoff: the `backoff` block of the settings, or null for the defaults.
-- Answers: a row for each outcome that was not plainly recorded, as complete_steps.
-- Locks: own worker row FOR KEY SHARE; the steps in one ordered statement FOR NO KEY UPDATE; then the tasks one by one by
-- task_id: FOR UPDATE where one of its failures is final (it makes the task irregular), else FOR KEY SHARE. Each task is
-- locked once, as strongly as it will be: two that went from KEY SHARE to FOR UPDATE would wait for each other.
-- Loser of a race: p_wait false: `busy`; else waits its turn.
create function tasker.fail_steps(p_worker_id bigint, p_task_ids uuid[], p_step_nos int[], p_claim_nos int[], p_failures jsonb[],
  p_retry_afters double precision[] default null, p_backoff jsonb default null, p_wait boolean default true,
  p_max_worker_losses int default 3, p_done bigint[] default null)
returns setof tasker.flush_row
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz := tasker.clock();
  v_step record;
  v_steps int[];
  v_tasks uuid[];
begin
  if p_worker_id is not null then
    perform 1 from tasker.workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining') for key share;
    if not found then
      raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
    end if;
  end if;
  if p_wait then
    perform 1 from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no) order by 1, 2) o
    join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
    order by o.task_id, o.step_no for no key update of s;
  end if;
  select array_agg(x.task_id), array_agg(x.step_no) into v_tasks, v_steps
  from (select s.task_id, s.step_no
        from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no) order by 1, 2) o
        join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
        order by o.task_id, o.step_no for no key update of s skip locked) x;

  for v_step in
    select x.*, coalesce(bool_or(x.final and x.held and x.locked) over (partition by x.task_id), false) as task_final
    from (
      select o.task_id, o.step_no, o.claim_no, o.failure, o.retry_after, s.state, s.claim_no as held_claim_no,
             s.task_id is not null as known, s.state = 'in_progress' and s.claim_no = o.claim_no as held,
             not coalesce((o.failure ->> 'retryable')::boolean, true) or not t.retryable or s.attempts >= s.retry_limit as final,
             exists (select from unnest(v_tasks, v_steps) l(task_id, step_no) where l.task_id = o.task_id and l.step_no = o.step_no) as locked,
             row_number() over (partition by o.task_id, o.step_no, o.claim_no order by o.ord) > 1 as again
      from unnest(p_task_ids, p_step_nos, p_claim_nos, p_failures, p_retry_afters)
        with ordinality o(task_id, step_no, claim_no, failure, retry_after, ord)
      left join tasker.workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
      left join tasker.step_templates t on t.step_template_id = s.step_template_id) x
    order by x.task_id, x.step_no, x.again
  loop
    continue when v_step.again;
    if v_step.known and not v_step.locked then
      return next row('busy', v_step.task_id, v_step.step_no, v_step.claim_no, null, null, null, null, null, null, null, null, null)::tasker.flush_row;
      continue;
    elsif v_step.held is not true then
      return next row(case when v_step.state = 'error' and v_step.held_claim_no = v_step.claim_no then 'already_recorded' else 'attempt_lost' end,
        v_step.task_id, v_step.step_no, v_step.claim_no, null, null, null, null, null, null, null, null, null)::tasker.flush_row;
      continue;
    end if;
    if not tasker.lock_task_of_failure(v_step.task_id, v_step.task_final, p_wait) then
      return next row('busy', v_step.task_id, v_step.step_no, v_step.claim_no, null, null, null, null, null, null, null, null, null)::tasker.flush_row;
      continue;
    end if;
    perform tasker.end_attempt(v_step.task_id, v_step.step_no, v_step.failure, v_step.retry_after, v_step.final, false,
                               p_backoff, p_max_worker_losses, v_now);
  end loop;
  if p_done is not null then
    perform tasker.drop_claims(p_worker_id, p_done);
  end if;
end $$;

-- tasker.lock_task_of_failure(…): the lock that a failure takes on its task; false when p_wait is false and it is taken.
create function tasker.lock_task_of_failure(p_task_id uuid, p_final boolean, p_wait boolean)
returns boolean language plpgsql as $$
begin
  if p_final and p_wait then
    perform 1 from tasker.tasks t where t.task_id = p_task_id for update;
  elsif p_final then
    perform 1 from tasker.tasks t where t.task_id = p_task_id for update skip locked;
  elsif p_wait then
    perform 1 from tasker.tasks t where t.task_id = p_task_id for key share;
  else
    perform 1 from tasker.tasks t where t.task_id = p_task_id for key share skip locked;
  end if;
  return found;
end $$;

-- tasker.end_attempt(…): in_progress → error for one locked step of a locked task. A final failure makes the task irregular
-- and settles it; any other sets the instant of the next attempt.
-- p_lost: the process died. A first loss is tried again at once, later ones after the backoff (decisions.md 31).
create function tasker.end_attempt(p_task_id uuid, p_step_no int, p_failure jsonb, p_retry_after double precision, p_final boolean,
  p_lost boolean, p_backoff jsonb, p_max_worker_losses int, p_now timestamptz)
returns void language plpgsql as $$
declare
  v_step tasker.workflow_steps;
  v_wait double precision;
  v_results jsonb;
  v_lane_id int;
begin
  select * into strict v_step from tasker.workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;
  v_results := p_failure || jsonb_build_object('attempt', v_step.attempts);
  v_lane_id := v_step.lane_id;
  if not p_final then
    v_wait := case when p_lost and v_step.worker_losses = 0 then 0 else tasker.backoff_seconds(v_step.attempts,
      (select t.retry from tasker.step_templates t where t.step_template_id = v_step.step_template_id), p_backoff, p_retry_after) end;
    v_lane_id := tasker.sibling_lane(v_step.lane_id, null,
      tasker.claim_mode(v_step.attempts, v_step.retry_limit, v_step.worker_losses + p_lost::int, p_max_worker_losses));
  end if;

  update tasker.workflow_steps s
  set state = 'error', results = v_results, ended_at = p_now, seq = s.seq + 1, lane_id = v_lane_id,
      backoff_request_seconds = p_retry_after,
      worker_losses = s.worker_losses + p_lost::int, claim_no = s.claim_no + p_lost::int,
      ready_at = case when not p_final and t.paused_at is null then p_now + make_interval(secs => v_wait) end,
      held_at = case when not p_final and t.paused_at is not null then p_now + make_interval(secs => v_wait) end
  from tasker.tasks t
  where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = p_step_no;
  insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id, metadata)
  values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'error', v_step.attempts, p_now, v_step.worker_id, v_results);

  if p_final then
    update tasker.tasks t set irregular = true where t.task_id = p_task_id and not t.irregular;
  end if;
  if exists (select from tasker.tasks t where t.task_id = p_task_id and t.irregular) and p_final then
    perform tasker.settle_tasks(array[p_task_id], p_now);
  end if;
end $$;

-- tasker.fail_step(…): one step, from any SQL client. Raises TK001 when the attempt is no longer held.
create function tasker.fail_step(p_task_id uuid, p_step_no int, p_claim_no int, p_error text, p_retryable boolean default true,
  p_error_code text default null, p_details jsonb default null, p_retry_after double precision default null)
returns void language plpgsql as $$
declare
  v_status text;
begin
  select r.status into v_status
  from tasker.fail_steps(null, array[p_task_id], array[p_step_no], array[p_claim_no], array[jsonb_build_object('error', p_error,
    'error_class', null, 'error_code', p_error_code, 'backtrace', null, 'retryable', p_retryable, 'details', p_details)],
    array[p_retry_after]) r;
  if v_status = 'attempt_lost' then
    raise exception using errcode = 'TK001', message = format(
      'claim %s of step %s of task %s is no longer held: the step was taken over, cancelled or resolved meanwhile', p_claim_no, p_step_no, p_task_id);
  end if;
end $$;
