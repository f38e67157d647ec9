-- A request for a task, as `create_tasks` reads it; the names are those of decisions.md and of every binding.
create type tasker.task_request as (
  task_id uuid,
  namespace text,
  name text,
  version text,
  plan_id int,                        -- the plan that the caller validated the context against
  context jsonb,
  initiator text,
  source_system text,
  reason text,
  tags text[],
  bypass_steps text[],
  priority int,
  requested_at timestamptz,
  idempotency_key text,
  idempotency_ttl_seconds double precision,
  on_duplicate text,                  -- return | reject
  identity_strategy text,             -- default | hash | key | custom
  identity_window_seconds double precision,
  traceparent text
);

-- tasker.create_tasks(…): one task a request, all or nothing; one answer a request, in order.
-- Called by: the client, `create_task`, and any SQL client in its own transaction (transactional enqueue).
-- Locks: rows of task_identities in key order (only requests with an identity); everything else is inserted.
-- Index: named_tasks_latest, step_templates (plan_id, step_no).
-- Loser of a race: waits for the transaction that holds the same identity, then is its duplicate.
-- Errors: TK005 unknown named task · TK003 invalid argument · TK004 duplicate refused, or task_id taken · TK007 key used
--         with other content
--         · TK009 the plan that the caller validated against is no longer the current one (look it up again).
create function tasker.create_tasks(p_requests jsonb)
returns table (ord int, task_id uuid, created boolean, pruned boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  v_now timestamptz := tasker.clock();
  v_requests tasker.task_request[];
  v_named int[];
  v_plans int[];
  v_fresh boolean[];                  -- whether the request makes a task
  v_found uuid[];                     -- the task of a duplicate
begin
  if jsonb_typeof(p_requests) is distinct from 'array' then
    raise exception using errcode = 'TK003', message = 'requests must be a JSON array of task requests';
  elsif exists (select from jsonb_array_elements(p_requests) e(request) where jsonb_typeof(e.request) <> 'object') then
    raise exception using errcode = 'TK003', message = 'each request must be a JSON object';
  end if;
  select array_agg(row(coalesce(r.task_id, tasker.uuid_v7()), coalesce(r.namespace, 'default'), r.name, r.version, r.plan_id,
      coalesce(r.context, '{}'), r.initiator, r.source_system, r.reason, r.tags, nullif(r.bypass_steps, '{}'), r.priority,
      r.requested_at, r.idempotency_key, r.idempotency_ttl_seconds, r.on_duplicate, r.identity_strategy,
      r.identity_window_seconds, r.traceparent)::tasker.task_request order by e.ord)
  into v_requests
  from jsonb_array_elements(p_requests) with ordinality e(request, ord),
       jsonb_populate_record(null::tasker.task_request, e.request) r;
  if v_requests is null then
    return;
  end if;
  perform tasker.check_requests(v_requests, v_now);

  -- Which plan each request means: the given version, else the latest in semver order.
  select array_agg(d.named_task_id order by r.ord), array_agg(d.plan_id order by r.ord) into v_named, v_plans
  from unnest(v_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
  join (
    select k.namespace, k.name, k.version, x.named_task_id, x.plan_id
    from (select distinct q.namespace, q.name, q.version from unnest(v_requests) q) k
    left join lateral tasker.current_plan(k.namespace, k.name, k.version) x on true
  ) d on d.namespace = r.namespace and d.name = r.name and d.version is not distinct from r.version;
  perform tasker.check_plans(v_requests, v_plans);

  v_fresh := array_fill(true, array[cardinality(v_requests)]);
  if exists (select from unnest(v_requests) r where r.idempotency_key is not null or r.identity_strategy = 'hash') then
    select i.fresh, i.originals into v_fresh, v_found from tasker.claim_identities(v_requests, v_now) i;
  end if;

  perform tasker.insert_tasks(v_requests, v_named, v_plans, v_fresh, v_now);

  return query
  select r.ord::int, case when r.fresh then r.request_id else r.found end, r.fresh,
         not r.fresh and not exists (select from tasker.tasks t where t.task_id = r.found)
  from (select (v_requests[o.ord]).task_id as request_id, o.fresh, v_found[o.ord] as found, o.ord
        from unnest(v_fresh) with ordinality o(fresh, ord)) r
  order by r.ord;
end $$;

-- tasker.current_plan(…): what a request means: the given version, or where that is null the latest in semver order. No row
-- where nothing is registered. Inlined by the planner.
create function tasker.current_plan(p_namespace text, p_name text, p_version text)
returns table (named_task_id int, plan_id int) language sql stable as $$
  select t.named_task_id, t.plan_id
  from tasker.namespaces n join tasker.named_tasks t on t.namespace_id = n.namespace_id
  where n.name = p_namespace and t.name = p_name and (p_version is null or t.version = p_version) and t.plan_id is not null
  order by t.version_order desc limit 1
$$;

-- tasker.check_requests(…): refuses what can be seen in the requests alone.
create function tasker.check_requests(p_requests tasker.task_request[], p_now timestamptz)
returns void language plpgsql as $$
declare
  v_message text;
  -- A day around now, as ids: comparing those is cheaper than taking the time out of each.
  v_first uuid := (lpad(to_hex((extract(epoch from p_now) * 1000)::bigint - 86400000), 12, '0') || repeat('0', 20))::uuid;
  v_last uuid := (lpad(to_hex((extract(epoch from p_now) * 1000)::bigint + 86400000), 12, '0') || repeat('f', 20))::uuid;
begin
  if not exists (
    select from unnest(p_requests) r
    where r.name is null or r.name = '' or jsonb_typeof(r.context) <> 'object'
       or r.task_id not between v_first and v_last or substring(r.task_id::text from 15 for 1) <> '7'
       or r.priority not between 0 and 9 or r.idempotency_key = '' or r.idempotency_ttl_seconds <= 0
       or (r.identity_strategy = 'key' and r.idempotency_key is null)
       or r.on_duplicate not in ('return', 'reject') or r.identity_strategy not in ('default', 'hash', 'key', 'custom'))
  then
    return;
  end if;
  select format('request %s: %s', r.ord, case
      when r.name is null or r.name = '' then 'the name of the named task is missing'
      when jsonb_typeof(r.context) <> 'object' then format('context must be a JSON object, not %s', jsonb_typeof(r.context))
      when tasker.uuid_v7_time(r.task_id) is null then format('task_id %s is not a UUIDv7; leave it out or use tasker.uuid_v7()', r.task_id)
      when r.task_id not between v_first and v_last then
        format('task_id %s carries the time %s, more than a day off the database''s %s', r.task_id, tasker.uuid_v7_time(r.task_id), p_now)
      when r.priority not between 0 and 9 then format('priority is 0 (first) to 9 (last), not %s', r.priority)
      when r.idempotency_key = '' then 'idempotency_key is empty'
      when r.idempotency_ttl_seconds <= 0 then format('idempotency_ttl_seconds must be above 0, not %s', r.idempotency_ttl_seconds)
      when r.identity_strategy = 'key' and r.idempotency_key is null then
        'the identity strategy is key, so each request needs an idempotency_key'
      when r.on_duplicate not in ('return', 'reject') then format('on_duplicate is return or reject, not %L', r.on_duplicate)
      when r.identity_strategy not in ('default', 'hash', 'key', 'custom') then
        format('identity_strategy is default, hash, key or custom, not %L', r.identity_strategy)
    end) into v_message
  from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
  where r.name is null or r.name = '' or jsonb_typeof(r.context) <> 'object'
     or r.task_id not between v_first and v_last or substring(r.task_id::text from 15 for 1) <> '7'
     or r.priority not between 0 and 9 or r.idempotency_key = '' or r.idempotency_ttl_seconds <= 0
     or (r.identity_strategy = 'key' and r.idempotency_key is null)
     or r.on_duplicate not in ('return', 'reject') or r.identity_strategy not in ('default', 'hash', 'key', 'custom')
  order by r.ord limit 1;
  raise exception using errcode = 'TK003', message = v_message;
end $$;

-- tasker.check_plans(…): refuses requests for what is not registered, for steps that cannot be left out, and those that
-- were validated against a plan that has been replaced since.
create function tasker.check_plans(p_requests tasker.task_request[], p_plans int[])
returns void language plpgsql as $$
declare
  v_bad record;
begin
  if not exists (select from unnest(p_plans) with ordinality p(plan, ord)
                 where p.plan is null or (p_requests[p.ord]).plan_id <> p.plan or (p_requests[p.ord]).bypass_steps is not null) then
    return;
  end if;
  select r.* into v_bad from (select (p_requests[p.ord]).*, p.plan as found_plan from unnest(p_plans) with ordinality p(plan, ord)) r
  where r.found_plan is null limit 1;
  if found then
    raise exception using errcode = 'TK005', message = format('no template is registered for the task %L%s in the namespace %L',
      v_bad.name, coalesce(' version ' || v_bad.version, ''), v_bad.namespace),
      hint = 'register it, or check the spelling of namespace, name and version';
  end if;
  if exists (select from unnest(p_plans) with ordinality p(plan, ord) where (p_requests[p.ord]).plan_id <> p.plan) then
    raise exception using errcode = 'TK009', message = 'the template was replaced since the request was validated; validate it again';
  end if;
  select b.name, r.task_name, s.step_template_id, r.plan into v_bad
  from (select (p_requests[p.ord]).bypass_steps as steps, (p_requests[p.ord]).name as task_name, p.plan
        from unnest(p_plans) with ordinality p(plan, ord) where (p_requests[p.ord]).bypass_steps is not null) r
  cross join lateral unnest(r.steps) b(name)
  left join tasker.step_templates s on s.plan_id = r.plan and s.name = b.name
  where s.skippable is distinct from true limit 1;
  if found then
    raise exception using errcode = 'TK003', message = case when v_bad.step_template_id is null
      then format('bypass_steps names the step %L, which the task %L does not have', v_bad.name, v_bad.task_name)
      else format('the step %L of the task %L may not be left out: it is not skippable', v_bad.name, v_bad.task_name) end;
  end if;
end $$;

-- tasker.claim_identities(…): who was first. fresh[n]: request n makes a task; originals[n]: the task of a duplicate.
-- Locks: task_identities rows, inserted in key order, so that two batches cannot wait for each other in a circle.
-- Loser of a race: waits, then reads the winner's row in a later statement.
create function tasker.claim_identities(p_requests tasker.task_request[], p_now timestamptz, out fresh boolean[], out originals uuid[])
language plpgsql as $$
declare
  v_row record;
  v_identity tasker.task_identities;
begin
  fresh := array_fill(true, array[cardinality(p_requests)]);
  originals := array_fill(null::uuid, array[cardinality(p_requests)]);
  for v_row in
    select k.ord, k.task_id, k.on_duplicate, k.idempotency_key, k.window_seconds, k.content, k.name,
           case when k.idempotency_key is null then 'hash' else 'key ' || k.namespace || '.' || k.name end as scope,
           case when k.idempotency_key is null then k.content else sha256(convert_to(k.idempotency_key, 'UTF8')) end as digest,
           p_now + make_interval(secs => case when k.idempotency_key is null then k.window_seconds else k.idempotency_ttl_seconds end) as expires_at
    from (
      select r.ord, r.task_id, r.namespace, r.name, r.on_duplicate, r.idempotency_key, r.idempotency_ttl_seconds,
             coalesce(r.identity_window_seconds, 60) as window_seconds,
             tasker.request_digest(r.namespace, r.name, r.version, r.initiator, r.source_system, r.reason, r.bypass_steps, r.context) as content
      from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system,
             reason, tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
             identity_strategy, identity_window_seconds, traceparent, ord)
      where r.idempotency_key is not null or r.identity_strategy = 'hash') k
    order by scope, digest, k.ord
  loop
    insert into tasker.task_identities as i (scope, digest, task_id, request_digest, created_at, expires_at)
    values (v_row.scope, v_row.digest, v_row.task_id, v_row.content, p_now, v_row.expires_at)
    on conflict (scope, digest) do update
      set task_id = excluded.task_id, request_digest = excluded.request_digest, created_at = excluded.created_at,
          expires_at = excluded.expires_at
      where i.expires_at <= p_now
    returning i.* into v_identity;
    continue when v_identity.task_id is not null;

    select i.* into v_identity from tasker.task_identities i where i.scope = v_row.scope and i.digest = v_row.digest;
    if v_identity.request_digest <> v_row.content then
      raise exception using errcode = 'TK007', message = format(
        'the idempotency key %L of the task %L was used before with other content (task %s): use a new key for a new request',
        v_row.idempotency_key, v_row.name, v_identity.task_id), detail = v_identity.task_id::text;
    elsif v_row.on_duplicate = 'reject' then
      raise exception using errcode = 'TK004', message = format('the request for the task %L is identical to a request made %s (task %s)',
        v_row.name, case when v_row.idempotency_key is null and v_row.window_seconds = 60 then 'in the last minute'
                         when v_row.idempotency_key is null then format('in the last %s seconds', v_row.window_seconds)
                         else format('at %s', to_char(v_identity.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) end,
        v_identity.task_id), detail = v_identity.task_id::text;
    end if;
    fresh[v_row.ord] := false;
    originals[v_row.ord] := v_identity.task_id;
  end loop;
end $$;

-- tasker.request_digest(…): what makes two requests identical (decisions.md 25): not tags, not priority.
-- jsonb's text is canonical: sorted keys, no white space. Only `1.0` and `1` remain two contents.
create function tasker.request_digest(p_namespace text, p_name text, p_version text, p_initiator text, p_source_system text,
  p_reason text, p_bypass_steps text[], p_context jsonb)
returns bytea language sql immutable parallel safe as $$
  select sha256(convert_to(jsonb_build_array(p_namespace, p_name, p_version, coalesce(p_initiator, 'unknown'),
    coalesce(p_source_system, 'unknown'), coalesce(p_reason, 'unknown'), coalesce(p_bypass_steps, '{}'), p_context)::text, 'UTF8'))
$$;
