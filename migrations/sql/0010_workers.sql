-- Workers: register, heartbeat, stop. A worker is one boot of one process; its id is never used again.

-- tasker.register_worker(…): a new worker, alive. Returns its id.
create function tasker.register_worker(p_name text, p_host text, p_process_id int, p_runtime text, p_version text,
  p_handlers text[], p_concurrency int, p_lease_seconds double precision)
returns bigint language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
  v_id bigint;
begin
  insert into tasker.workers (name, host, process_id, runtime, version, handlers, concurrency, lease_seconds, started_at)
  values (p_name, p_host, p_process_id, p_runtime, p_version, p_handlers, p_concurrency, p_lease_seconds, v_now)
  returning worker_id into v_id;
  insert into tasker.worker_heartbeats (worker_id, heartbeat_at) values (v_id, v_now);
  return v_id;
end $$;

-- tasker.heartbeat(…): says that the worker lives. Returns false when it is dead or stopped: it must drop what it holds
-- and register anew. Locks: its row in worker_heartbeats, so that it waits for a reaper that is at it, and hears of it. p_done: claim batches of which every step has been reported.
create function tasker.heartbeat(p_worker_id bigint, p_polled boolean default true, p_oldest_running jsonb default null,
  p_done bigint[] default null)
returns boolean language plpgsql as $$
declare
  v_now timestamptz := tasker.clock();
begin
  update tasker.worker_heartbeats h set heartbeat_at = v_now, oldest_running = p_oldest_running,
    last_polled_at = case when p_polled then v_now else h.last_polled_at end
  where h.worker_id = p_worker_id;
  if not exists (select from tasker.workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining')) then
    return false;
  end if;
  if p_done is not null then
    perform tasker.drop_claims(p_worker_id, p_done);
  end if;
  return true;
end $$;

-- tasker.drop_claims(…): drops claim batches of which every step has been reported.
-- Called by: heartbeat, complete_steps, fail_steps. Index: worker_claims_pkey, by the whole key, one batch after the other.
-- With `batch = any (…)` the planner reads all entries of the worker: a few, until somebody holds a snapshot; then every batch
-- dropped since leaves one, and each flush would walk over all of them.
create function tasker.drop_claims(p_worker_id bigint, p_batches bigint[])
returns void language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  v_batch bigint;
begin
  foreach v_batch in array p_batches loop
    delete from tasker.worker_claims c where c.worker_id = p_worker_id and c.batch = v_batch;
  end loop;
end $$;

-- tasker.drain_worker(…): the worker claims no more. tasker.stop_worker(…): it is gone, having handed everything back.
-- Locks: stop_worker takes the worker's row FOR UPDATE, which waits for its claiming calls in flight: one whose connection
-- broke may still be running. If the database says that the worker holds something after all, nothing is dropped: its lease
-- is over, and the next reaper takes the steps back.
create function tasker.drain_worker(p_worker_id bigint) returns void language sql as $$
  update tasker.workers set state = 'draining' where worker_id = p_worker_id and state = 'alive'
$$;

create function tasker.stop_worker(p_worker_id bigint) returns void language plpgsql as $$
begin
  perform 1 from tasker.workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining') for update;
  if not found then
    return;
  elsif exists (select from tasker.held_steps(p_worker_id)) then
    update tasker.workers w set state = 'draining' where w.worker_id = p_worker_id;
    update tasker.worker_heartbeats h set heartbeat_at = '-infinity', idle = false where h.worker_id = p_worker_id;
    return;
  end if;
  update tasker.workers w set state = 'stopped', stopped_at = tasker.clock() where w.worker_id = p_worker_id;
  update tasker.worker_heartbeats h set idle = false, oldest_running = null where h.worker_id = p_worker_id;
  delete from tasker.worker_claims c where c.worker_id = p_worker_id;
end $$;

-- tasker.held_steps(…): what the database says a worker holds.
-- Called by: a worker, once a lease and after every call with unknown outcome; and by reap_workers.
-- Index: worker_claims_pkey, workflow_steps_pkey. Locks: none.
create function tasker.held_steps(p_worker_id bigint)
returns table (task_id uuid, step_no int, claim_no int)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
  select distinct s.task_id, s.step_no, s.claim_no
  from tasker.worker_claims c
  cross join lateral unnest(c.task_ids, c.step_nos) k(task_id, step_no)
  join tasker.workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
  where c.worker_id = p_worker_id and s.worker_id = p_worker_id and s.state = 'in_progress'
  order by 1, 2;
end $$;

-- tasker.notify_idle(): wakes workers that said they are idle. A statement of its own, after the commit: NOTIFY inside a
-- busy transaction would make all commits of the server queue.
create function tasker.notify_idle(p_payload text default 'ready') returns boolean language plpgsql as $$
begin
  if exists (select from tasker.workers w join tasker.worker_heartbeats h on h.worker_id = w.worker_id
             where w.stopped_at is null and w.state = 'alive' and h.idle) then
    perform pg_notify(tasker.channel(), p_payload);
    return true;
  end if;
  return false;
end $$;

-- tasker.channel(): the channel of this schema's notifications, which is the schema's name.
create function tasker.channel() returns text language sql stable as $$
  select n.nspname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.oid = 'tasker.channel'::regproc
$$;
