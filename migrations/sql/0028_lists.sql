-- Lists of tasks beside a long history, and the values of contexts that tasks are searched by.
-- Each index here is written once a task or less. None has the state of a task: that changes twice in its life. What changes at
-- its end, `completed_at`, is in two; so that update is no HOT one, which is what finding open tasks costs.

create index tasks_open on tasker.tasks (task_id) where completed_at is null;
create index tasks_ended on tasker.tasks (completed_at, task_id) where completed_at is not null;
-- Every task in `error`, `cancelled` or `resolved_manually` is irregular; few others are.
create index tasks_irregular on tasker.tasks (task_id) where irregular;
create index tasks_paused on tasker.tasks (task_id) where paused_at is not null;
create index tasks_named on tasker.tasks (named_task_id, task_id);
-- Texts have no length of their own, and an entry of an index has: so the first 128 characters.
create index tasks_initiator on tasker.tasks (left(initiator, 128), task_id) where initiator <> 'unknown';
create index tasks_source_system on tasker.tasks (left(source_system, 128), task_id) where source_system <> 'unknown';

-- tasker.tag_keys(…): tags as they are indexed: the first 128 characters of each.
create function tasker.tag_keys(p_tags text[]) returns text[] language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(array_to_string(p_tags, '')) <= 128 then
    return p_tags;
  end if;
  return array(select left(t, 128) from unnest(p_tags) t);
end $$;
create index tasks_tags on tasker.tasks using gin (tasker.tag_keys(tags)) with (gin_pending_list_limit = 256) where tags <> '{}';

-- The planner takes no statistics of a partial index.
create statistics tasker.tasks_initiator_statistics on (left(initiator, 128)) from tasker.tasks;
create statistics tasker.tasks_source_system_statistics on (left(source_system, 128)) from tasker.tasks;
create statistics tasker.tasks_tags_statistics on (tasker.tag_keys(tags)) from tasker.tasks;

create index workflow_step_transitions_error_code on tasker.workflow_step_transitions (left(metadata ->> 'error_code', 128), task_id)
  where to_state = 'error' and metadata ->> 'error_code' is not null;
create index task_annotations_type on tasker.task_annotations (annotation_type_id, task_id);
create index task_annotations_keys on tasker.task_annotations using gin (annotation);

-- Attributes are found by their value, and then by task.
drop index tasker.task_search_attributes_text;
drop index tasker.task_search_attributes_number;
create index task_search_attributes_text on tasker.task_search_attributes (name, text_value, task_id) where text_value is not null;
create index task_search_attributes_number on tasker.task_search_attributes (name, number_value, task_id) where number_value is not null;

-- tasker.search_attribute(…): a value of a context as it is indexed; nothing for objects and lists. Numbers of up to 100 digits
-- as they are; of everything else the first 200 characters, so that what is found by them has to be compared with the context.
create function tasker.search_attribute(p_value jsonb, out text_value text, out number_value numeric)
language plpgsql immutable strict parallel safe as $$
begin
  case jsonb_typeof(p_value)
    when 'string', 'boolean', 'null' then
      text_value := left(coalesce(p_value #>> '{}', 'null'), 200);
    when 'number' then
      if length(p_value::text) <= 100 then
        number_value := p_value::numeric;
      else
        text_value := left(trim_scale(p_value::numeric)::text, 200);
      end if;
    else
  end case;
end $$;

-- tasker.insert_search_attributes(…): what new tasks are searched by: the paths that their plans list. A path is the keys down
-- to a value, separated by dots; one that is longer than its column is left out, as is what leads to no single value.
-- Called by: insert_tasks and create_and_claim. Locks: none but on what it inserts. Index: tasks_pkey.
create function tasker.insert_search_attributes(p_task_ids uuid[]) returns void language sql as $$
  insert into tasker.task_search_attributes (task_id, name, text_value, number_value)
  select t.task_id, a.path, v.text_value, v.number_value
  from tasker.tasks t
  join tasker.plans p on p.plan_id = t.plan_id and p.searchable <> '{}'
  cross join lateral (select distinct u.path from unnest(p.searchable) u(path) where length(u.path) <= 64) a
  cross join lateral tasker.search_attribute(t.context #> string_to_array(a.path, '.')) v
  where t.task_id = any (p_task_ids) and (v.text_value is not null or v.number_value is not null)
$$;

-- tasker.insert_tasks(…): the rows of new tasks: task, steps, and what it is searched by.
-- Called by: create_tasks, for the requests whose `fresh` is true.
-- Loser of a race for the same task_id: waits, then is refused with TK004.
-- Locks: none but on what it inserts (and `pauses`, when a lane is new). Index: step_templates (plan_id, step_no).
create or replace function tasker.insert_tasks(p_requests tasker.task_request[], p_named int[], p_plans int[], p_fresh boolean[], p_now timestamptz)
returns void language plpgsql as $$
declare
  v_bypassing uuid[];
  v_count int;
  v_taken uuid;
begin
  insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, priority, created_at, requested_at,
    unvalidated, initiator, source_system, reason, tags, bypass_steps, context, traceparent)
  select r.task_id, p_named[r.ord], p.plan_id, p.step_count, p.sink_count, r.priority, p_now, coalesce(r.requested_at, p_now),
         p.schema is not null and r.plan_id is null, coalesce(r.initiator, 'unknown'), coalesce(r.source_system, 'unknown'),
         coalesce(r.reason, 'unknown'), coalesce(r.tags, '{}'), coalesce(r.bypass_steps, '{}'), r.context, r.traceparent
  from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
  join tasker.plans p on p.plan_id = p_plans[r.ord]
  where p_fresh[r.ord]
  order by r.ord
  on conflict do nothing;
  get diagnostics v_count = row_count;
  if v_count < cardinality(array_positions(p_fresh, true)) then
    -- Named twice here, or a task that has its steps already.
    select r.task_id into v_taken
    from (select (p_requests[f.ord]).task_id, count(*) over (partition by (p_requests[f.ord]).task_id) as times
          from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh) r
    where r.times > 1 or exists (select from tasker.workflow_steps s where s.task_id = r.task_id)
    limit 1;
    perform tasker.raise_task_id_taken(v_taken);
  end if;

  with request as materialized (
    select r.task_id, p_plans[r.ord] as plan_id, r.priority
    from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
    where p_fresh[r.ord] and r.bypass_steps is null),
  -- a request's own priority means other lanes: one call a distinct pair, in one order for all callers
  moved as materialized (
    select k.lane_id, k.priority, tasker.sibling_lane(k.lane_id, k.priority, null) as moved_lane_id
    from (select distinct s.lane_id, q.priority
          from (select distinct r.plan_id, r.priority from request r where r.priority is not null) q
          join tasker.step_templates s on s.plan_id = q.plan_id order by 1, 2) k)
  insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
    open_parents, ready_at)
  select r.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents,
         coalesce(m.moved_lane_id, s.lane_id), cardinality(s.parents), case when s.parents = '{}' then p_now end
  from request r
  join tasker.step_templates s on s.plan_id = r.plan_id
  left join moved m on m.lane_id = s.lane_id and m.priority = r.priority;

  select array_agg((p_requests[f.ord]).task_id) into v_bypassing
  from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh and (p_requests[f.ord]).bypass_steps is not null;
  if v_bypassing is not null then
    perform tasker.insert_bypassing_steps(v_bypassing, p_now);
  end if;

  if exists (select from tasker.plans p where p.plan_id = any (p_plans) and p.searchable <> '{}') then
    perform tasker.insert_search_attributes(array(
      select (p_requests[f.ord]).task_id from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh));
  end if;
end $$;

-- tasker.create_and_claim(…): creates a task and hands its roots straight to the worker of the same process, in one commit.
-- Called by: the client, when a worker of its own process has free slots and nothing else waits for it.
-- Answers: a row `created` (step_no 1; claim_no: 1 if it made the task; attempt: 1 if what it duplicates was pruned), one
-- `readied` where roots are left for others, then the claims. A worker that is not alive gets none; the task is created all
-- the same, and so where the request is not a plain one: with an identity, a priority of its own or steps to leave out.
-- Locks: own worker row FOR KEY SHARE, then as create_tasks; the rows are new. Errors: as create_tasks.
create or replace function tasker.create_and_claim(p_request jsonb, p_worker_id bigint, p_room int, p_slots int)
returns setof tasker.flush_row
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  -- A larger plan has its roots claimed from the index.
  c_most_steps constant int := 1000;
  v_request tasker.task_request;
  v_handlers text[];
  v_plan record;
  v_roots int[];
  v_claims tasker.flush_row[];
  v_claim tasker.flush_row;
  v_left int;
  v_batch bigint;
  v_now timestamptz := tasker.clock();
begin
  select w.handlers into v_handlers from tasker.workers w where w.worker_id = p_worker_id and w.state = 'alive' for key share of w;
  if jsonb_typeof(p_request) = 'object' and v_handlers is not null then
    v_request := jsonb_populate_record(null::tasker.task_request, p_request);
    if v_request.idempotency_key is null and v_request.identity_strategy is distinct from 'hash'
       and v_request.priority is null and v_request.bypass_steps is null then
      v_request.task_id := coalesce(v_request.task_id, tasker.uuid_v7());
      v_request.context := coalesce(v_request.context, '{}');
      perform tasker.check_requests(array[v_request], v_now);
      select x.named_task_id, p.plan_id, p.step_count, p.sink_count, p.schema is not null as has_schema,
             p.searchable <> '{}' as is_searchable into v_plan
      from tasker.current_plan(coalesce(v_request.namespace, 'default'), v_request.name, v_request.version) x
      join tasker.plans p on p.plan_id = x.plan_id;
      if v_plan.plan_id = coalesce(v_request.plan_id, v_plan.plan_id) and v_plan.step_count <= c_most_steps then
        select array_agg(r.step_no) into v_roots from (
          select s.step_no from tasker.step_templates s join tasker.lanes l on l.lane_id = s.lane_id
          where s.plan_id = v_plan.plan_id and s.parents = '{}' and l.handler = any (v_handlers) and not l.paused
            and (l.mode = 0 or (l.mode = 1 and p_slots >= p_room))
          order by l.priority, s.step_no limit p_room) r;
      end if;
    end if;
  end if;

  if v_roots is null then
    for v_claim in
      select 'created', c.task_id, c.ord, c.created::int, c.pruned::int, null, null, null, null, null, null, null, null
      from tasker.create_tasks(jsonb_build_array(p_request)) c
    loop
      return next v_claim;
      if v_claim.claim_no = 1 then
        return next tasker.flush_note('readied', 1);
      end if;
    end loop;
    return;
  end if;

  -- As insert_tasks does it, with what a claim would add.
  insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, created_at, requested_at, state, seq, started_at,
    unvalidated, initiator, source_system, reason, tags, context, traceparent)
  values (v_request.task_id, v_plan.named_task_id, v_plan.plan_id, v_plan.step_count, v_plan.sink_count, v_now,
    coalesce(v_request.requested_at, v_now), 'in_progress', 1, v_now, v_plan.has_schema and v_request.plan_id is null,
    coalesce(v_request.initiator, 'unknown'), coalesce(v_request.source_system, 'unknown'), coalesce(v_request.reason, 'unknown'),
    coalesce(v_request.tags, '{}'), v_request.context, v_request.traceparent)
  on conflict do nothing;
  if not found then
    perform tasker.raise_task_id_taken(v_request.task_id);
  end if;
  if v_plan.is_searchable then
    perform tasker.insert_search_attributes(array[v_request.task_id]);
  end if;
  insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at)
  values (v_request.task_id, 1, 'pending', 'in_progress', v_now);
  insert into tasker.worker_claims (worker_id, task_ids, step_nos)
  values (p_worker_id, array_fill(v_request.task_id, array[cardinality(v_roots)]), v_roots)
  returning batch into v_batch;
  with step as (
    insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
      open_parents, ready_at, state, claim_no, attempts, seq, worker_id, last_attempted_at)
    select v_request.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents, s.lane_id,
           cardinality(s.parents), case when s.parents = '{}' and not c.claimed then v_now end,
           (case when c.claimed then 'in_progress' else 'pending' end)::tasker.state, c.claimed::int, c.claimed::int, c.claimed::int,
           case when c.claimed then p_worker_id end, case when c.claimed then v_now end
    from tasker.step_templates s cross join lateral (select s.step_no = any (v_roots) as claimed) c
    where s.plan_id = v_plan.plan_id
    returning step_no, step_template_id, lane_id, seq, ready_at),
  trail as (
    insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select v_request.task_id, s.step_no, 1, 'pending', 'in_progress', 1, v_now, p_worker_id from step s where s.seq = 1)
  select array_agg(row('claimed', v_request.task_id, s.step_no, 1, 1, s.step_template_id, s.lane_id, v_batch, v_now,
           v_plan.has_schema and v_request.plan_id is null,
           case when s.step_no = v_roots[1] and pg_column_size(v_request.context) <= 65536 then v_request.context::text end,
           null, null)::tasker.flush_row order by array_position(v_roots, s.step_no))
           filter (where s.seq = 1),
         count(s.ready_at)
  into v_claims, v_left from step s;

  return next row('created', v_request.task_id, 1, 1, 0, null, null, null, null, null, null, null, null)::tasker.flush_row;
  if v_left > 0 then
    return next tasker.flush_note('readied', v_left);
  end if;
  foreach v_claim in array v_claims loop
    return next v_claim;
  end loop;
end $$;

-- Tasks that were made before.
do $$ begin
  perform tasker.insert_search_attributes(array(
    select t.task_id from tasker.tasks t join tasker.plans p on p.plan_id = t.plan_id where p.searchable <> '{}'));
end $$;
