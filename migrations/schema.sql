-- The schema as a fresh install makes it. Written by scripts/generators/schema; do not edit.

CREATE SCHEMA tasker;

CREATE TYPE tasker.flush_row AS (
	status text,
	task_id uuid,
	step_no integer,
	claim_no integer,
	attempt integer,
	step_template_id integer,
	lane_id integer,
	batch bigint,
	ready_at timestamp with time zone,
	unvalidated boolean,
	context text,
	inputs text,
	dependencies text
);

CREATE TYPE tasker.state AS ENUM (
    'pending',
    'in_progress',
    'complete',
    'error',
    'cancelled',
    'resolved_manually'
);

CREATE TYPE tasker.retention_rule AS (
	namespace text,
	name text,
	state tasker.state,
	older_than_seconds double precision
);

CREATE TYPE tasker.task_request AS (
	task_id uuid,
	namespace text,
	name text,
	version text,
	plan_id integer,
	context jsonb,
	initiator text,
	source_system text,
	reason text,
	tags text[],
	bypass_steps text[],
	priority integer,
	requested_at timestamp with time zone,
	idempotency_key text,
	idempotency_ttl_seconds double precision,
	on_duplicate text,
	identity_strategy text,
	identity_window_seconds double precision,
	traceparent text
);

CREATE TYPE tasker.why_reason AS ENUM (
    'running',
    'stuck',
    'worker_lost',
    'ready',
    'waits_for_slot',
    'waits_alone',
    'backoff',
    'worker_hangs',
    'no_worker',
    'paused',
    'stranded',
    'cancelled',
    'exhausted',
    'permanent_failure',
    'quarantined',
    'dependency',
    'cancelled_upstream',
    'failed_upstream',
    'finished'
);

CREATE FUNCTION tasker.add_trail_partitions(p_width_seconds double precision DEFAULT 604800, p_ahead integer DEFAULT 4, p_limit integer DEFAULT 8, p_most_default_bytes bigint DEFAULT 67108864) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_parents constant regclass[] := array['"tasker".workflow_step_transitions'::regclass, '"tasker".task_transitions'::regclass];
  v_parent regclass;
  v_from timestamptz;
  v_to timestamptz;
  v_highest uuid;
  v_name text;
  v_schema text := (select n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = '"tasker".channel'::regproc);
begin
  if not (p_width_seconds >= 60) or p_ahead < 1 then
    raise exception using errcode = 'TK003', message = 'a partition is at least 60 seconds wide, and at least one is made ahead';
  end if;
  if coalesce((select max(x.to_at) from "tasker".trail_partitions() x), '-infinity') >= v_now + make_interval(secs => p_width_seconds * p_ahead) then
    return;
  end if;
  lock table "tasker".workflow_step_transitions in share row exclusive mode;
  lock table "tasker".task_transitions in share row exclusive mode;
  if pg_relation_size('"tasker".workflow_step_transitions_default') + pg_relation_size('"tasker".task_transitions_default') > p_most_default_bytes then
    raise exception using errcode = '54000',
      message = format('the DEFAULT partitions of the trail hold more than %s bytes: partitions are not added while everybody waits for them to be looked through', p_most_default_bytes),
      hint = 'prune old tasks and vacuum, or call "tasker".add_trail_partitions with a larger p_most_default_bytes at a quiet hour';
  end if;
  select greatest((select d.task_id from "tasker".workflow_step_transitions_default d order by d.task_id desc limit 1),
                  (select d.task_id from "tasker".task_transitions_default d order by d.task_id desc limit 1)) into v_highest;
  -- Ranges are whole multiples of the width since 1970; after a change of the width the first one closes the gap.
  v_from := to_timestamp(floor(extract(epoch from v_now) / p_width_seconds) * p_width_seconds);
  v_from := greatest(v_from, (select max(x.to_at) from "tasker".trail_partitions() x));
  if v_highest >= "tasker".uuid_at(v_from) then
    v_from := to_timestamp((floor(extract(epoch from "tasker".range_time(v_highest)) / p_width_seconds) + 1) * p_width_seconds);
  end if;
  for n in 1 .. p_limit loop
    exit when v_from >= v_now + make_interval(secs => p_width_seconds * p_ahead);
    v_to := to_timestamp((floor(extract(epoch from v_from) / p_width_seconds) + 1) * p_width_seconds);
    foreach v_parent in array v_parents loop
      v_name := (select c.relname from pg_class c where c.oid = v_parent) || to_char(v_from at time zone 'utc', '"_"YYYYMMDD"t"HH24MISS');
      execute format('create table %I.%I partition of %s for values from (%L) to (%L) with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)',
        v_schema, v_name, v_parent, "tasker".uuid_at(v_from), "tasker".uuid_at(v_to));
      return next v_name;
    end loop;
    v_from := v_to;
  end loop;
end $$;

CREATE TABLE tasker.task_annotations (
    task_annotation_id bigint NOT NULL,
    task_id uuid NOT NULL,
    annotation_type_id integer NOT NULL,
    annotation jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE FUNCTION tasker.annotate_task(p_task_id uuid, p_annotation_type text, p_annotation jsonb, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS tasker.task_annotations
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_type int := ("tasker".annotation_type(p_annotation_type)).annotation_type_id;
  v_new "tasker".task_annotations;
  v_audit constant jsonb := "tasker".audit('annotate', p_by, p_reason);
begin
  if p_annotation is null or p_annotation = 'null' then
    raise exception using errcode = 'TK003', message = format('an annotation of the type ''%s'' has to say something, and is null',
      trim(p_annotation_type));
  end if;
  perform from "tasker".tasks t where t.task_id = p_task_id for key share;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  insert into "tasker".task_annotations (task_id, annotation_type_id, annotation, created_at, updated_at)
  values (p_task_id, v_type, p_annotation, "tasker".clock(), "tasker".clock()) returning * into v_new;
  if v_audit ?| array['by', 'reason', 'from'] then
    perform "tasker".keep_action(p_task_id, null, v_audit, jsonb_build_object('annotation', jsonb_build_object('from', null, 'to', p_annotation)));
  end if;
  return v_new;
end $$;

CREATE TABLE tasker.annotation_types (
    annotation_type_id integer NOT NULL,
    name character varying(64) NOT NULL,
    description character varying(255),
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE FUNCTION tasker.annotation_type(p_name text, p_description text DEFAULT NULL::text) RETURNS tasker.annotation_types
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_name text := trim(p_name);
  v_type "tasker".annotation_types;
begin
  if coalesce(v_name, '') = '' or length(v_name) > 64 then
    raise exception using errcode = 'TK003', message = format('the type of an annotation has 1 to 64 characters, not %s',
      coalesce(length(v_name), 0));
  end if;
  select * into v_type from "tasker".annotation_types y where y.name = v_name;
  if not found or v_type.description is distinct from coalesce(p_description, v_type.description) then
    insert into "tasker".annotation_types as y (name, description, created_at, updated_at)
    values (v_name, p_description, "tasker".clock(), "tasker".clock())
    on conflict (name) do update set description = coalesce(excluded.description, y.description), updated_at = excluded.updated_at
    returning * into v_type;
  end if;
  return v_type;
end $$;

CREATE FUNCTION tasker.api_key_used(p_key_id text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update "tasker".api_keys k set last_used_at = "tasker".clock()
  where k.key_id = p_key_id and (k.last_used_at is null or k.last_used_at < "tasker".clock() - interval '1 minute')
$$;

CREATE FUNCTION tasker.archive_tasks(p_rules jsonb, p_after uuid DEFAULT NULL::uuid, p_limit integer DEFAULT 500, p_scan integer DEFAULT 2000, p_most_steps integer DEFAULT 10000) RETURNS TABLE(task_id uuid, part integer, document text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_batch record;
  v_first uuid;
  v_last uuid;
begin
  select * into v_batch from "tasker".lock_prunable(p_rules, p_after, p_limit, p_scan, p_most_steps);
  v_first := v_batch.task_ids[1];
  v_last := v_batch.task_ids[cardinality(v_batch.task_ids)];
  return query
  select x.task_id, x.part, x.document from (
    select t.task_id, 0 as part, 0 as a, 0::bigint as b,
           (jsonb_build_object('namespace', n.name, 'name', d.name, 'version', d.version) || to_jsonb(t)
             || coalesce((select jsonb_build_object('operator_actions', jsonb_agg(to_jsonb(o) - 'task_id' order by o.action_id))
                          from "tasker".operator_actions o where o.task_id = t.task_id having count(*) > 0), '{}'))::text as document
    from "tasker".tasks t join "tasker".named_tasks d on d.named_task_id = t.named_task_id
    join "tasker".namespaces n on n.namespace_id = d.namespace_id
    where t.task_id = any (v_batch.task_ids)
    union all
    select s.task_id, 1, s.step_no, 0, (jsonb_build_object('name', p.name, 'handler', p.handler) || to_jsonb(s) - 'task_id')::text
    from "tasker".workflow_steps s join "tasker".step_templates p on p.step_template_id = s.step_template_id
    where s.task_id = any (v_batch.task_ids)
    union all
    select r.task_id, 2, r.step_no, r.seq, (to_jsonb(r) - 'task_id')::text
    from "tasker".workflow_step_transitions r
    where r.task_id between v_first and v_last and r.task_id = any (v_batch.task_ids)
    union all
    select r.task_id, 3, 0, r.seq, (to_jsonb(r) - 'task_id')::text
    from "tasker".task_transitions r
    where r.task_id between v_first and v_last and r.task_id = any (v_batch.task_ids)
    union all
    select m.task_id, 4, 0, m.task_annotation_id, (jsonb_build_object('annotation_type', y.name) || to_jsonb(m) - 'task_id')::text
    from "tasker".task_annotations m join "tasker".annotation_types y on y.annotation_type_id = m.annotation_type_id
    where m.task_id = any (v_batch.task_ids)
    union all
    select e.task_id, 5, row_number() over (partition by e.task_id order by e.name)::int, 0, (to_jsonb(e) - 'task_id')::text
    from "tasker".task_search_attributes e where e.task_id = any (v_batch.task_ids)) x
  order by x.task_id, x.part, x.a, x.b;
  return query select null::uuid, 9, v_batch.next_after::text;
end $$;

CREATE FUNCTION tasker.audit(p_verb text, p_by text, p_reason text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_strip_nulls(jsonb_build_object('verb', p_verb, 'by', p_by, 'reason', p_reason,
    'from', nullif(current_setting('tasker' || '.origin', true), '')))
$$;

CREATE FUNCTION tasker.await_steps(p_task_ids uuid[], p_step_nos integer[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_material TO 'off'
    AS $$
begin
  perform 1
  from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no)
        union
        select s.task_id, d.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no)
        join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
        cross join lateral unnest(s.dependents) d(step_no)
        order by 1, 2) k
  join "tasker".workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
  order by k.task_id, k.step_no for no key update of s;
end $$;

CREATE FUNCTION tasker.backoff_seconds(p_attempt integer, p_policy jsonb, p_settings jsonb DEFAULT NULL::jsonb, p_retry_after double precision DEFAULT NULL::double precision, p_random double precision DEFAULT random()) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  v_attempt int := greatest(p_attempt, 1);
  v_cap double precision := greatest(coalesce((p_settings ->> 'max_backoff_seconds')::double precision, 300), 0);
  v_list jsonb := coalesce(p_settings -> 'default_backoff_seconds', '[1, 2, 4, 8, 16, 32]');
  v_length int := jsonb_array_length(v_list);
  v_base double precision := coalesce((p_policy ->> 'base_seconds')::double precision, 1);
  v_factor double precision;
  v_jitter double precision := case when coalesce((p_settings ->> 'jitter_enabled')::boolean, true)
    then coalesce((p_settings ->> 'jitter_max_percentage')::double precision, 0.1) else 0 end;
  v_wait double precision;
  v_steps int;
begin
  if p_retry_after <> 'NaN' then
    return least(greatest(p_retry_after, 0), v_cap);
  end if;
  if p_policy is null then
    v_steps := greatest(v_attempt - v_length, 0);
    v_base := (v_list ->> (least(v_attempt, v_length) - 1))::double precision;
    v_factor := coalesce((p_settings ->> 'backoff_multiplier')::double precision, 2);
    v_wait := "tasker".scaled(v_base, v_factor, v_steps);
  else
    v_factor := coalesce((p_policy ->> 'multiplier')::double precision, 2);
    v_wait := case p_policy ->> 'strategy'
      when 'linear' then v_base * v_attempt
      when 'exponential' then "tasker".scaled(v_base, v_factor, v_attempt - 1)
      when 'schedule' then (p_policy -> 'schedule' ->> (least(v_attempt, jsonb_array_length(p_policy -> 'schedule')) - 1))::double precision
      else v_base end;
    v_cap := least(v_cap, coalesce((p_policy ->> 'max_seconds')::double precision, v_cap));
    v_jitter := coalesce((p_policy ->> 'jitter')::double precision, v_jitter);
  end if;
  return greatest(least(v_wait, v_cap) * (1 + v_jitter * (2 * p_random - 1)), 0);
end $$;

CREATE FUNCTION tasker.begin_maintenance(p_name text, p_hold_seconds double precision) RETURNS TABLE(at_cursor uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
begin
  perform 1 from "tasker".maintenance m where m.name = p_name and m.next_due_at > v_now;
  if found then
    return;
  end if;
  insert into "tasker".maintenance (name, next_due_at) values (p_name, '-infinity') on conflict (name) do nothing;
  return query
  update "tasker".maintenance m set next_due_at = v_now + make_interval(secs => p_hold_seconds), last_run_at = v_now
  where m.name = (select x.name from "tasker".maintenance x where x.name = p_name and x.next_due_at <= v_now for update skip locked)
  returning m.cursor;
end $$;

CREATE FUNCTION tasker.busy_outcomes(p_task_ids uuid[], p_step_nos integer[], p_locked_tasks uuid[], p_locked_steps integer[], p_shared uuid[], p_free uuid[], p_sinks uuid[], p_irregular uuid[]) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    SET enable_hashjoin TO 'on'
    AS $$
  with outcome as materialized (
    select o.place, o.task_id, o.step_no, s.dependents
    from unnest(p_task_ids, p_step_nos) with ordinality o(task_id, step_no, place)
    join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no),
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

CREATE FUNCTION tasker.calculate_dependency_levels(input_task_id uuid) RETURNS TABLE(workflow_step_id integer, dependency_level integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_level int := 0;
  v_steps int[];
  v_open int[];                       -- by step number: parents not yet placed
  v_numbers int[];
  v_next int[];
begin
  -- Level by level (Kahn), each step placed once: no recursion over paths.
  select array_agg(s.step_no order by s.step_no), array_agg(s.parent_count order by s.step_no) into v_numbers, v_open
  from "tasker".workflow_steps s where s.task_id = input_task_id;
  v_steps := array(select n from unnest(v_numbers, v_open) u(n, p) where p = 0);
  while cardinality(v_steps) > 0 loop
    return query select n, v_level from unnest(v_steps) n order by n;
    v_next := '{}';
    for workflow_step_id, dependency_level in
      select d.step_no, count(*)::int from "tasker".workflow_steps s cross join lateral unnest(s.dependents) d(step_no)
      where s.task_id = input_task_id and s.step_no = any (v_steps) group by 1
    loop
      v_open[array_position(v_numbers, workflow_step_id)] := v_open[array_position(v_numbers, workflow_step_id)] - dependency_level;
      if v_open[array_position(v_numbers, workflow_step_id)] = 0 then
        v_next := v_next || workflow_step_id;
      end if;
    end loop;
    v_steps := v_next;
    v_level := v_level + 1;
  end loop;
end $$;

CREATE FUNCTION tasker.cancel_open_steps(p_task_id uuid, p_now timestamp with time zone, p_metadata jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  with old as (
    select s.step_no, s.state from "tasker".workflow_steps s
    where s.task_id = p_task_id and (s.state in ('pending', 'in_progress') or s.ready_at is not null or s.held_at is not null)),
  moved as (
    update "tasker".workflow_steps s
    set state = 'cancelled', seq = s.seq + 1, ready_at = null, held_at = null, ended_at = p_now,
        claim_no = s.claim_no + (s.state = 'in_progress')::int
    from old where s.task_id = p_task_id and s.step_no = old.step_no
    returning s.step_no, s.seq, s.attempts, old.state)
  insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, metadata)
  select p_task_id, m.step_no, m.seq, m.state, 'cancelled', m.attempts, p_now, p_metadata from moved m
$$;

CREATE FUNCTION tasker.cancel_step(p_task_id uuid, p_step_no integer, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_step "tasker".workflow_steps := "tasker".operate_on_step(p_task_id, p_step_no);
begin
  if v_step.state = 'cancelled' then
    return;
  elsif v_step.state in ('complete', 'resolved_manually') then
    perform "tasker".refuse_move(p_task_id, p_step_no, 'cancel', v_step.state);
  end if;
  perform "tasker".set_step(v_step, 'cancelled', null, null, v_now, "tasker".audit('cancel', p_by, p_reason));
  perform "tasker".settle_tasks(array[p_task_id], v_now, "tasker".audit('cancel', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.cancel_task(p_task_id uuid, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_task "tasker".tasks := "tasker".operate_on_task(p_task_id);
begin
  if v_task.state = 'cancelled' then
    return;
  end if;
  perform "tasker".cancel_open_steps(p_task_id, v_now, "tasker".audit('cancel', p_by, p_reason));
  perform "tasker".move_tasks(array[p_task_id], 'cancelled', v_now, "tasker".audit('cancel', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.changes(p_before jsonb, p_after jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select jsonb_object_agg(b.key, jsonb_build_object('from', b.value, 'to', p_after -> b.key))
  from jsonb_each(p_before) b where b.value is distinct from p_after -> b.key
$$;

CREATE FUNCTION tasker.channel() RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select n.nspname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.oid = '"tasker".channel'::regproc
$$;

CREATE FUNCTION tasker.check_plans(p_requests tasker.task_request[], p_plans integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
  left join "tasker".step_templates s on s.plan_id = r.plan and s.name = b.name
  where s.skippable is distinct from true limit 1;
  if found then
    raise exception using errcode = 'TK003', message = case when v_bad.step_template_id is null
      then format('bypass_steps names the step %L, which the task %L does not have', v_bad.name, v_bad.task_name)
      else format('the step %L of the task %L may not be left out: it is not skippable', v_bad.name, v_bad.task_name) end;
  end if;
end $$;

CREATE FUNCTION tasker.check_requests(p_requests tasker.task_request[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
      when "tasker".uuid_v7_time(r.task_id) is null then format('task_id %s is not a UUIDv7; leave it out or use "tasker".uuid_v7()', r.task_id)
      when r.task_id not between v_first and v_last then
        format('task_id %s carries the time %s, more than a day off the database''s %s', r.task_id, "tasker".uuid_v7_time(r.task_id), p_now)
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

CREATE FUNCTION tasker.claim_identities(p_requests tasker.task_request[], p_now timestamp with time zone, OUT fresh boolean[], OUT originals uuid[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  v_row record;
  v_identity "tasker".task_identities;
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
             "tasker".request_digest(r.namespace, r.name, r.version, r.initiator, r.source_system, r.reason, r.bypass_steps, r.context) as content
      from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system,
             reason, tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
             identity_strategy, identity_window_seconds, traceparent, ord)
      where r.idempotency_key is not null or r.identity_strategy = 'hash') k
    order by scope, digest, k.ord
  loop
    insert into "tasker".task_identities as i (scope, digest, task_id, request_digest, created_at, expires_at)
    values (v_row.scope, v_row.digest, v_row.task_id, v_row.content, p_now, v_row.expires_at)
    on conflict (scope, digest) do update
      set task_id = excluded.task_id, request_digest = excluded.request_digest, created_at = excluded.created_at,
          expires_at = excluded.expires_at
      where i.expires_at <= p_now
    returning i.* into v_identity;
    continue when v_identity.task_id is not null;

    select i.* into v_identity from "tasker".task_identities i where i.scope = v_row.scope and i.digest = v_row.digest;
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

CREATE FUNCTION tasker.claim_mode(p_attempts integer, p_retry_limit integer, p_worker_losses integer, p_max_worker_losses integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when p_worker_losses > 0 and p_worker_losses >= p_max_worker_losses - 1 then 2
              when p_worker_losses > 0 or p_attempts + 1 >= p_retry_limit then 1
              else 0 end
$$;

CREATE FUNCTION tasker.claim_steps(p_worker_id bigint, p_room integer, p_slots integer DEFAULT NULL::integer, p_alone boolean DEFAULT false, p_lanes integer[] DEFAULT NULL::integer[], p_marks timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], p_task_ids uuid[] DEFAULT NULL::uuid[], p_idle boolean DEFAULT NULL::boolean, p_since timestamp with time zone DEFAULT NULL::timestamp with time zone, p_until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF tasker.flush_row
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_material TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_until timestamptz := least(v_now, p_until);
  v_worker "tasker".workers;
  v_slots int := coalesce(p_slots, p_room);
  v_left int := p_room;
  v_lanes int[];
  v_priorities int[];
  v_modes int[];
  v_marks timestamptz[];
  v_alone boolean;
  v_picked "tasker".flush_row[];
  v_all "tasker".flush_row[] := '{}';
  v_share int;
  v_i int := 1;
  v_end int;
  v_batch bigint;
begin
  select * into v_worker from "tasker".workers w where w.worker_id = p_worker_id and w.state = 'alive';
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
             (select s.ready_at from "tasker".workflow_steps s
              where s.lane_id = l.lane_id and s.ready_at >= coalesce(m.mark, p_since, '-infinity') and s.ready_at <= v_until
              order by s.ready_at limit 1) as head
      from "tasker".lanes l
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
      join "tasker".workflow_steps s on s.task_id = k.task_id
      join "tasker".lanes l on l.lane_id = s.lane_id
      where s.ready_at <= v_until and l.handler = any (v_worker.handlers) and not l.paused
      group by 1, 2, 3) h;
  end if;

  if v_lanes is not null then
    -- Only now: a lock is written, and a poll that finds nothing should cost no commit.
    perform 1 from "tasker".workers w where w.worker_id = p_worker_id and w.state = 'alive' for key share;
    if not found then
      raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
    end if;
  end if;

  if v_alone and p_alone then
    -- Nothing else runs here: the suspect goes first, and by itself.
    v_picked := "tasker".take_steps(p_worker_id, (array(select l from unnest(v_lanes, v_modes) u(l, mode) where mode = 2))[1:1],
                                  '{-infinity}', 1, 1, v_now, v_until, p_task_ids);
    if v_picked is not null then
      v_all := v_picked;
      v_i := cardinality(v_lanes) + 1;
      return next "tasker".flush_note('alone');
    end if;
  elsif v_alone then
    return next "tasker".flush_note('alone_waiting');
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
        v_picked := "tasker".take_steps(p_worker_id, v_lanes[v_lane:v_lane], v_marks[v_lane:v_lane],
          least(v_share, v_slots, v_left), least(v_share, v_slots, v_left), v_now, v_until, p_task_ids);
        v_left := v_left - coalesce(cardinality(v_picked), 0);
        v_slots := v_slots - coalesce(cardinality(v_picked), 0);
        v_all := v_all || coalesce(v_picked, '{}');
      end loop;
      v_picked := "tasker".take_steps(p_worker_id,
        array(select l from unnest(v_lanes[v_i:v_end], v_modes[v_i:v_end]) u(l, mode) where mode = 0),
        array(select k from unnest(v_marks[v_i:v_end], v_modes[v_i:v_end]) u(k, mode) where mode = 0), v_share, v_left, v_now, v_until, p_task_ids);
      v_left := v_left - coalesce(cardinality(v_picked), 0);
      v_all := v_all || coalesce(v_picked, '{}');
    end if;
    for v_lane in v_i .. v_end loop
      exit when v_left <= 0;
      continue when v_modes[v_lane] = 2 or (v_modes[v_lane] = 1 and v_slots <= 0);
      v_picked := "tasker".take_steps(p_worker_id, v_lanes[v_lane:v_lane], v_marks[v_lane:v_lane],
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
    return next "tasker".flush_note('slot_waiting');
  end if;
  if p_idle is not null then
    update "tasker".worker_heartbeats h set idle = not h.idle
    where h.worker_id = p_worker_id and h.idle <> (p_idle and cardinality(v_all) = 0);
  end if;
  if cardinality(v_all) = 0 then
    if p_idle is not null then
      return query select n.* from (
        select min(h.due) as due from (
          select (select s.ready_at from "tasker".workflow_steps s where s.lane_id = l.lane_id and s.ready_at > v_now
                  order by s.ready_at limit 1) as due
          from "tasker".lanes l where l.handler = any (v_worker.handlers) and not l.paused) h) d
      cross join lateral "tasker".flush_note('next_due', null, d.due) n
      where d.due is not null;
    end if;
    return;
  elsif v_left <= 0 then
    return next "tasker".flush_note('more', v_priorities[v_i - 1]);
  end if;
  perform "tasker".start_tasks(array(select distinct a.task_id from unnest(v_all) a), v_now);
  insert into "tasker".worker_claims (worker_id, task_ids, step_nos)
  select p_worker_id, array_agg(a.task_id), array_agg(a.step_no) from unnest(v_all) a
  returning batch into v_batch;
  -- In the order they were taken, which is the order they will run in.
  return query
  select c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, v_batch, c.ready_at, t.unvalidated,
         case when c.place = 1 and pg_column_size(t.context) <= 65536 then t.context::text end, c.inputs, c.dependencies
  from (select a.*, row_number() over (partition by a.task_id order by a.ordinality) as place  -- the context comes once a task
        from unnest("tasker".with_parent_results(v_all)) with ordinality a) c
  join "tasker".tasks t on t.task_id = c.task_id
  order by c.ordinality;
end $$;

CREATE FUNCTION tasker.clock() RETURNS timestamp with time zone
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
begin
  return coalesce(nullif(current_setting('tasker' || '.now', true), '')::timestamptz, clock_timestamp());
end $$;

CREATE FUNCTION tasker.close_functions() RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  v_function text;
  v_closed int := 0;
begin
  for v_function in
    select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.pronamespace = (select c.pronamespace from pg_proc c where c.oid = '"tasker".clock'::regproc)
      and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
  loop
    execute format('revoke execute on function %s from public', v_function);
    v_closed := v_closed + 1;
  end loop;
  return v_closed;
end $$;

CREATE FUNCTION tasker.close_tasks(p_sinks uuid[], p_now timestamp with time zone) RETURNS uuid[]
    LANGUAGE plpgsql
    AS $$
declare
  v_closed uuid[];
begin
  with sink as (select k.task_id, count(*)::int as steps from unnest(p_sinks) k(task_id) group by 1),
  closed as (
    update "tasker".tasks t
    set open_sinks = t.open_sinks - s.steps,
        state = case when t.open_sinks = s.steps then 'complete' else t.state end,
        completed_at = case when t.open_sinks = s.steps then p_now end,
        seq = t.seq + (t.open_sinks = s.steps)::int
    from sink s where t.task_id = s.task_id and not t.irregular
    returning t.task_id, t.seq, t.state),
  trail as (
    insert into "tasker".task_transitions (task_id, seq, from_state, to_state, created_at)
    select c.task_id, c.seq, 'in_progress', 'complete', p_now from closed c where c.state = 'complete')
  select array_agg(c.task_id) filter (where c.state = 'complete') into v_closed from closed c;
  return v_closed;
end $$;

CREATE FUNCTION tasker.complete_alone(p_worker_id bigint, p_handlers text[], p_task_id uuid, p_step_no integer, p_claim_no integer, p_results jsonb, p_room integer, p_slots integer, p_priority integer) RETURNS tasker.flush_row[]
    LANGUAGE plpgsql
    AS $$
declare
  v_step record;
  v_next record;
  v_task record;
  v_now timestamptz;
  v_ready boolean := false;
  v_sticky boolean := false;
  v_batch bigint;
  v_claim "tasker".flush_row;
begin
  select s.state, s.claim_no, s.seq, s.attempts, s.dependents into v_step
  from "tasker".workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no for no key update skip locked;
  if v_step.claim_no is distinct from p_claim_no or v_step.state <> 'in_progress' or cardinality(v_step.dependents) > 1 then
    return null;
  end if;
  if v_step.dependents is null then
    select t.irregular or t.paused_at is not null as special, t.open_sinks, t.seq into v_task
    from "tasker".tasks t where t.task_id = p_task_id for no key update skip locked;
  else
    select s.step_no, s.state, s.open_parents, s.claim_no, s.attempts, s.seq, s.step_template_id, s.lane_id, s.parent_count, s.inputs,
           (select true from "tasker".lanes l
            where l.lane_id = s.lane_id and l.handler = any (p_handlers) and not l.paused and l.priority <= p_priority
              and (l.mode = 0 or (l.mode = 1 and p_slots > 0))) as fits
    into v_next
    from "tasker".workflow_steps s where s.task_id = p_task_id and s.step_no = v_step.dependents[1] for no key update skip locked;
    if v_next.step_no is null then
      return null;
    end if;
    select t.irregular or t.paused_at is not null as special into v_task
    from "tasker".tasks t where t.task_id = p_task_id for key share skip locked;
  end if;
  if v_task.special is distinct from false then
    return null;
  end if;

  -- Only now, with the locks (see complete_steps).
  v_now := "tasker".clock();
  update "tasker".workflow_steps s set state = 'complete', results = p_results, ended_at = v_now, seq = s.seq + 1
  where s.task_id = p_task_id and s.step_no = p_step_no;
  if v_step.dependents is null then
    insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at)
    values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'complete', v_step.attempts, v_now);
    if v_task.open_sinks > 1 then
      update "tasker".tasks t set open_sinks = t.open_sinks - 1 where t.task_id = p_task_id;
      return '{}';
    end if;
    update "tasker".tasks t set open_sinks = 0, state = 'complete', completed_at = v_now, seq = t.seq + 1 where t.task_id = p_task_id;
    insert into "tasker".task_transitions (task_id, seq, from_state, to_state, created_at)
    values (p_task_id, v_task.seq + 1, 'in_progress', 'complete', v_now);
    return array["tasker".flush_note('ended', null, null, p_task_id)];
  end if;

  v_ready := v_next.state = 'pending' and v_next.open_parents = 1;
  v_sticky := v_ready and v_next.fits is true and p_room > 0;
  if not v_sticky then
    update "tasker".workflow_steps s set open_parents = s.open_parents - 1, ready_at = case when v_ready then v_now else s.ready_at end
    where s.task_id = p_task_id and s.step_no = v_next.step_no;
    insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at)
    values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'complete', v_step.attempts, v_now);
    return case when v_ready then array["tasker".flush_note('readied', 1)] else '{}' end;
  end if;
  update "tasker".workflow_steps s
  set open_parents = 0, state = 'in_progress', claim_no = s.claim_no + 1, attempts = s.attempts + 1, seq = s.seq + 1,
      worker_id = p_worker_id, last_attempted_at = v_now
  where s.task_id = p_task_id and s.step_no = v_next.step_no;
  insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
  values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'complete', v_step.attempts, v_now, null),
         (p_task_id, v_next.step_no, v_next.seq + 1, 'pending', 'in_progress', v_next.attempts + 1, v_now, p_worker_id);
  insert into "tasker".worker_claims (worker_id, task_ids, step_nos) values (p_worker_id, array[p_task_id], array[v_next.step_no])
  returning batch into v_batch;
  v_claim := row('claimed', p_task_id, v_next.step_no, v_next.claim_no + 1, v_next.attempts + 1, v_next.step_template_id,
    v_next.lane_id, v_batch, v_now, null, null, v_next.inputs::text, case when v_next.parent_count > 1 then '' end);
  return case when v_next.parent_count > 1 then "tasker".with_parent_results(array[v_claim]) else array[v_claim] end;
end $$;

CREATE FUNCTION tasker.complete_step(p_task_id uuid, p_step_no integer, p_claim_no integer, p_results jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_status text;
begin
  select r.status into v_status
  from "tasker".complete_steps(null, array[p_task_id], array[p_step_no], array[p_claim_no],
                             array[case when p_results is null or p_results = 'null' then '{}' else p_results end]) r
  where r.status in ('attempt_lost', 'already_recorded');
  if v_status = 'attempt_lost' then
    raise exception using errcode = 'TK001', message = format(
      'claim %s of step %s of task %s is no longer held: the step was taken over, cancelled or resolved meanwhile', p_claim_no, p_step_no, p_task_id);
  end if;
end $$;

CREATE FUNCTION tasker.complete_steps(p_worker_id bigint, p_task_ids uuid[], p_step_nos integer[], p_claim_nos integer[], p_results jsonb[], p_room integer DEFAULT 0, p_slots integer DEFAULT 0, p_priority integer DEFAULT 9, p_wait boolean DEFAULT true, p_done bigint[] DEFAULT NULL::bigint[]) RETURNS SETOF tasker.flush_row
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_material TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz;
  v_handlers text[];
  v_answer "tasker".flush_row[];
  v_row "tasker".flush_row;
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
  v_claims "tasker".flush_row[];
  v_claimed_tasks uuid[];
  v_claimed_steps int[];
  v_batch bigint;
begin
  if p_worker_id is not null then
    select case when w.state = 'alive' then w.handlers end into v_handlers
    from "tasker".workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining') for key share of w;
    if not found then
      raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
    end if;
    if cardinality(p_task_ids) = 1 and not p_wait then
      v_answer := "tasker".complete_alone(p_worker_id, v_handlers, p_task_ids[1], p_step_nos[1], p_claim_nos[1], p_results[1],
                                        p_room, p_slots, p_priority);
      if v_answer is not null then
        foreach v_row in array v_answer loop
          return next v_row;
        end loop;
        if p_done is not null then
          perform "tasker".drop_claims(p_worker_id, p_done);
        end if;
        return;
      end if;
    end if;
    if p_room > 0 and v_handlers is not null then
      select array_agg(n.lane_id), array_agg(n.mode), array_agg(n.priority) into v_lanes, v_modes, v_priorities from "tasker".lanes n
      where n.handler = any (v_handlers) and not n.paused and n.priority <= p_priority and (n.mode = 0 or (n.mode = 1 and p_slots > 0));
    end if;
  end if;

  if p_wait then
    perform "tasker".await_steps(p_task_ids, p_step_nos);
  end if;
  with outcome as materialized (
    select s.task_id, s.step_no, s.dependents from unnest(p_task_ids, p_step_nos) o(task_id, step_no)
    join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no),
  key as materialized (
    select o.task_id, o.step_no from outcome o
    union
    select o.task_id, d.step_no from outcome o cross join lateral unnest(o.dependents) d(step_no)
    order by 1, 2),
  locked as materialized (
    select s.task_id, s.step_no from key k join "tasker".workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
    order by k.task_id, k.step_no for no key update of s skip locked)
  select (select count(*) from key), array_agg(l.task_id), array_agg(l.step_no),
         (select array_agg(distinct o.task_id) from outcome o where o.dependents is null)
  into v_keys, v_locked_tasks, v_locked_steps, v_sinks from locked l;

  if p_wait then
    perform 1 from (select distinct k.task_id from unnest(p_task_ids) k(task_id)) k join "tasker".tasks t on t.task_id = k.task_id
    order by t.task_id for key share of t;
  end if;
  select array_agg(x.task_id), array_agg(x.task_id) filter (where x.paused_at is not null), array_agg(x.task_id) filter (where x.irregular),
         (select count(distinct k) from unnest(p_task_ids) k)
  into v_tasks, v_held, v_irregular, v_task_count
  from (select t.task_id, t.paused_at, t.irregular
        from (select distinct k.task_id from unnest(p_task_ids) k(task_id) order by 1) k join "tasker".tasks t on t.task_id = k.task_id
        order by k.task_id for key share of t skip locked) x;
  if v_sinks is not null or v_irregular is not null then
    v_to_close := array(select unnest(v_sinks) union select unnest(v_irregular) order by 1);
    if p_wait then
      perform 1 from unnest(v_to_close) k(task_id) join "tasker".tasks t on t.task_id = k.task_id order by k.task_id for no key update of t;
    end if;
    select array_agg(x.task_id) into v_free
    from (select t.task_id from unnest(v_to_close) k(task_id)
          join "tasker".tasks t on t.task_id = k.task_id order by k.task_id for no key update of t skip locked) x;
  end if;

  if coalesce(cardinality(v_locked_tasks), 0) < v_keys or coalesce(cardinality(v_tasks), 0) < v_task_count
     or cardinality(v_free) is distinct from cardinality(v_to_close) then
    -- Somebody else's transaction holds some of it: leave those outcomes alone.
    v_busy := array(select b from "tasker".busy_outcomes(p_task_ids, p_step_nos, v_locked_tasks, v_locked_steps, v_tasks, v_free,
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
  v_now := "tasker".clock();
  with outcome as (
    select * from unnest(p_task_ids, p_step_nos, p_claim_nos, p_results) o(task_id, step_no, claim_no, results)),
  done as (
    update "tasker".workflow_steps s set state = 'complete', results = o.results, ended_at = v_now, seq = s.seq + 1
    from outcome o
    where s.task_id = o.task_id and s.step_no = o.step_no and s.claim_no = o.claim_no and s.state = 'in_progress'
    returning s.task_id, s.step_no, s.claim_no, s.seq, s.attempts, s.dependents),
  freed as (
    select d.task_id, n.step_no, count(*)::int as parents from done d cross join lateral unnest(d.dependents) n(step_no) group by 1, 2),
  target as (
    select s.task_id, s.step_no, f.parents, l.mode, l.priority, s.state = 'pending' and s.open_parents = f.parents as readied,
           s.task_id = any (v_held) is true as held
    from freed f join "tasker".workflow_steps s on s.task_id = f.task_id and s.step_no = f.step_no
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
    update "tasker".workflow_steps s
    set open_parents = s.open_parents - d.parents,
        state = case when d.sticky then 'in_progress'::"tasker".state else s.state end,
        ready_at = case when d.readied and not d.sticky and not d.held then v_now else s.ready_at end,
        held_at = case when d.readied and d.held then v_now else s.held_at end,
        claim_no = s.claim_no + d.sticky::int, attempts = s.attempts + d.sticky::int, seq = s.seq + d.sticky::int,
        worker_id = case when d.sticky then p_worker_id else s.worker_id end,
        last_attempted_at = case when d.sticky then v_now else s.last_attempted_at end
    from decided d where s.task_id = d.task_id and s.step_no = d.step_no
    returning s.task_id, s.step_no, s.claim_no, s.attempts, s.seq, s.step_template_id, s.lane_id, s.parent_count, s.inputs,
              d.sticky, d.readied, d.place),
  trail as (
    insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select d.task_id, d.step_no, d.seq, 'in_progress'::"tasker".state, 'complete'::"tasker".state, d.attempts, v_now, null::bigint from done d
    union all
    select n.task_id, n.step_no, n.seq, 'pending', 'in_progress', n.attempts, v_now, p_worker_id from next n where n.sticky),
  totals as (
    select array_agg(d.task_id) as tasks, array_agg(d.step_no) as steps, array_agg(d.claim_no) as claims,
           array_agg(d.task_id) filter (where d.dependents is null) as sinks from done d)
  select t.tasks, t.steps, t.claims, t.sinks, (select count(*) from next n where n.readied and not n.sticky),
         (select array_agg(row('claimed', n.task_id, n.step_no, n.claim_no, n.attempts, n.step_template_id, n.lane_id, null, v_now,
                               null, null, n.inputs::text, case when n.parent_count > 1 then '' end)::"tasker".flush_row order by n.place)
          from next n where n.sticky),
         (select array_agg(n.task_id) from next n where n.sticky), (select array_agg(n.step_no) from next n where n.sticky)
  into v_done_tasks, v_done_steps, v_done_claims, v_sinks, v_readied, v_claims, v_claimed_tasks, v_claimed_steps from totals t;

  if v_sinks is not null then
    return query select n.* from unnest("tasker".close_tasks(v_sinks, v_now)) k(task_id)
    cross join lateral "tasker".flush_note('ended', null, null, k.task_id) n;
  end if;
  if v_irregular is not null then
    perform "tasker".settle_tasks(array(select distinct k from unnest(v_irregular) k where k = any (p_task_ids)), v_now);
  end if;
  if p_done is not null then
    perform "tasker".drop_claims(p_worker_id, p_done);
  end if;

  if coalesce(cardinality(v_done_tasks), 0) < cardinality(p_task_ids) then
    return query
    select case when s.state = 'complete' and s.claim_no = o.claim_no then 'already_recorded' else 'attempt_lost' end,
           o.task_id, o.step_no, o.claim_no, null::int, null::int, null::int, null::bigint, null::timestamptz, null::boolean,
           null::text, null::text, null::text
    from unnest(p_task_ids, p_step_nos, p_claim_nos) o(task_id, step_no, claim_no)
    left join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
    where not exists (select from unnest(v_done_tasks, v_done_steps, v_done_claims) d(task_id, step_no, claim_no)
                      where d.task_id = o.task_id and d.step_no = o.step_no and d.claim_no = o.claim_no);
  end if;
  if v_readied > 0 then
    return next "tasker".flush_note('readied', v_readied);
  end if;
  if v_claims is not null then
    insert into "tasker".worker_claims (worker_id, task_ids, step_nos) values (p_worker_id, v_claimed_tasks, v_claimed_steps)
    returning batch into v_batch;
    return query
    select c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, v_batch, c.ready_at, c.unvalidated,
           c.context, c.inputs, c.dependencies
    from unnest("tasker".with_parent_results(v_claims)) c;
  end if;
end $$;

CREATE FUNCTION tasker.count_prunable(p_rules jsonb, p_after uuid DEFAULT NULL::uuid, p_scan integer DEFAULT 10000) RETURNS TABLE(namespace text, name text, state text, tasks bigint, steps bigint, page_end uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_page record;
begin
  select * into v_page from "tasker".finished_tasks(p_rules, p_after, p_scan, "tasker".clock());
  return query
  select n.name::text, d.name::text, t.state::text, count(*), sum(t.total_steps)::bigint, v_page.page_end
  from unnest(v_page.task_ids) k(task_id) join "tasker".tasks t on t.task_id = k.task_id
  join "tasker".named_tasks d on d.named_task_id = t.named_task_id join "tasker".namespaces n on n.namespace_id = d.namespace_id
  group by 1, 2, 3 order by 1, 2, 3;
  if not found then
    return query select null::text, null::text, null::text, 0::bigint, 0::bigint, v_page.page_end;
  end if;
end $$;

CREATE FUNCTION tasker.create_and_claim(p_request jsonb, p_worker_id bigint, p_room integer, p_slots integer) RETURNS SETOF tasker.flush_row
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_material TO 'off'
    AS $$
declare
  -- A larger plan has its roots claimed from the index.
  c_most_steps constant int := 1000;
  v_request "tasker".task_request;
  v_handlers text[];
  v_plan record;
  v_roots int[];
  v_claims "tasker".flush_row[];
  v_claim "tasker".flush_row;
  v_left int;
  v_batch bigint;
  v_now timestamptz := "tasker".clock();
begin
  select w.handlers into v_handlers from "tasker".workers w where w.worker_id = p_worker_id and w.state = 'alive' for key share of w;
  if jsonb_typeof(p_request) = 'object' and v_handlers is not null then
    v_request := jsonb_populate_record(null::"tasker".task_request, p_request);
    if v_request.idempotency_key is null and v_request.identity_strategy is distinct from 'hash'
       and v_request.priority is null and v_request.bypass_steps is null then
      v_request.task_id := coalesce(v_request.task_id, "tasker".uuid_v7());
      v_request.context := coalesce(v_request.context, '{}');
      perform "tasker".check_requests(array[v_request], v_now);
      select x.named_task_id, p.plan_id, p.step_count, p.sink_count, p.schema is not null as has_schema,
             p.searchable <> '{}' as is_searchable into v_plan
      from "tasker".current_plan(coalesce(v_request.namespace, 'default'), v_request.name, v_request.version) x
      join "tasker".plans p on p.plan_id = x.plan_id;
      if v_plan.plan_id = coalesce(v_request.plan_id, v_plan.plan_id) and v_plan.step_count <= c_most_steps then
        select array_agg(r.step_no) into v_roots from (
          select s.step_no from "tasker".step_templates s join "tasker".lanes l on l.lane_id = s.lane_id
          where s.plan_id = v_plan.plan_id and s.parents = '{}' and l.handler = any (v_handlers) and not l.paused
            and (l.mode = 0 or (l.mode = 1 and p_slots >= p_room))
          order by l.priority, s.step_no limit p_room) r;
      end if;
    end if;
  end if;

  if v_roots is null then
    for v_claim in
      select 'created', c.task_id, c.ord, c.created::int, c.pruned::int, null, null, null, null, null, null, null, null
      from "tasker".create_tasks(jsonb_build_array(p_request)) c
    loop
      return next v_claim;
      if v_claim.claim_no = 1 then
        return next "tasker".flush_note('readied', 1);
      end if;
    end loop;
    return;
  end if;

  -- As insert_tasks does it, with what a claim would add.
  insert into "tasker".tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, created_at, requested_at, state, seq, started_at,
    unvalidated, initiator, source_system, reason, tags, context, traceparent)
  values (v_request.task_id, v_plan.named_task_id, v_plan.plan_id, v_plan.step_count, v_plan.sink_count, v_now,
    coalesce(v_request.requested_at, v_now), 'in_progress', 1, v_now, v_plan.has_schema and v_request.plan_id is null,
    coalesce(v_request.initiator, 'unknown'), coalesce(v_request.source_system, 'unknown'), coalesce(v_request.reason, 'unknown'),
    coalesce(v_request.tags, '{}'), v_request.context, v_request.traceparent)
  on conflict do nothing;
  if not found then
    perform "tasker".raise_task_id_taken(v_request.task_id);
  end if;
  if v_plan.is_searchable then
    perform "tasker".insert_search_attributes(array[v_request.task_id]);
  end if;
  insert into "tasker".task_transitions (task_id, seq, from_state, to_state, created_at)
  values (v_request.task_id, 1, 'pending', 'in_progress', v_now);
  insert into "tasker".worker_claims (worker_id, task_ids, step_nos)
  values (p_worker_id, array_fill(v_request.task_id, array[cardinality(v_roots)]), v_roots)
  returning batch into v_batch;
  with step as (
    insert into "tasker".workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
      open_parents, ready_at, state, claim_no, attempts, seq, worker_id, last_attempted_at)
    select v_request.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents, s.lane_id,
           cardinality(s.parents), case when s.parents = '{}' and not c.claimed then v_now end,
           (case when c.claimed then 'in_progress' else 'pending' end)::"tasker".state, c.claimed::int, c.claimed::int, c.claimed::int,
           case when c.claimed then p_worker_id end, case when c.claimed then v_now end
    from "tasker".step_templates s cross join lateral (select s.step_no = any (v_roots) as claimed) c
    where s.plan_id = v_plan.plan_id
    returning step_no, step_template_id, lane_id, seq, ready_at),
  trail as (
    insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select v_request.task_id, s.step_no, 1, 'pending', 'in_progress', 1, v_now, p_worker_id from step s where s.seq = 1)
  select array_agg(row('claimed', v_request.task_id, s.step_no, 1, 1, s.step_template_id, s.lane_id, v_batch, v_now,
           v_plan.has_schema and v_request.plan_id is null,
           case when s.step_no = v_roots[1] and pg_column_size(v_request.context) <= 65536 then v_request.context::text end,
           null, null)::"tasker".flush_row order by array_position(v_roots, s.step_no))
           filter (where s.seq = 1),
         count(s.ready_at)
  into v_claims, v_left from step s;

  return next row('created', v_request.task_id, 1, 1, 0, null, null, null, null, null, null, null, null)::"tasker".flush_row;
  if v_left > 0 then
    return next "tasker".flush_note('readied', v_left);
  end if;
  foreach v_claim in array v_claims loop
    return next v_claim;
  end loop;
end $$;

CREATE TABLE tasker.api_keys (
    key_id text NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    permissions text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revoked_by text,
    CONSTRAINT api_keys_check CHECK (((roles <> '{}'::text[]) OR (permissions <> '{}'::text[]))),
    CONSTRAINT api_keys_key_id_check CHECK ((key_id ~ '^[0-9a-z]{12}$'::text)),
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 128))),
    CONSTRAINT api_keys_secret_hash_check CHECK ((length(secret_hash) = 32))
);

CREATE FUNCTION tasker.create_api_key(p_key_id text, p_name text, p_secret_hash bytea, p_roles text[], p_permissions text[], p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_by text DEFAULT NULL::text) RETURNS tasker.api_keys
    LANGUAGE plpgsql
    AS $$
declare
  v_key "tasker".api_keys;
begin
  if coalesce(trim(p_name), '') = '' or length(trim(p_name)) > 128 then
    raise exception using errcode = 'TK003', message = format('the name of a key has 1 to 128 characters, not %s', coalesce(length(trim(p_name)), 0));
  end if;
  if cardinality(p_roles) = 0 and cardinality(p_permissions) = 0 then
    raise exception using errcode = 'TK003', message = 'a key needs a role or a permission: without one it may do nothing';
  end if;
  if p_expires_at <= "tasker".clock() then
    raise exception using errcode = 'TK003', message = format('the key would have expired at %s already', p_expires_at);
  end if;
  insert into "tasker".api_keys as k (key_id, name, secret_hash, roles, permissions, created_at, created_by, expires_at)
  values (p_key_id, trim(p_name), p_secret_hash, p_roles, p_permissions, "tasker".clock(), p_by, p_expires_at)
  on conflict (name) do nothing
  returning * into v_key;
  if not found then
    raise exception using errcode = 'TK004', message = format('there is a key named ''%s'' already', trim(p_name));
  end if;
  return v_key;
end $$;

CREATE FUNCTION tasker.create_task(namespace text, name text, context jsonb DEFAULT '{}'::jsonb, version text DEFAULT NULL::text, initiator text DEFAULT NULL::text, source_system text DEFAULT NULL::text, reason text DEFAULT NULL::text, tags text[] DEFAULT NULL::text[], bypass_steps text[] DEFAULT NULL::text[], priority integer DEFAULT NULL::integer, requested_at timestamp with time zone DEFAULT NULL::timestamp with time zone, idempotency_key text DEFAULT NULL::text, idempotency_ttl_seconds double precision DEFAULT NULL::double precision, on_duplicate text DEFAULT NULL::text, task_id uuid DEFAULT NULL::uuid) RETURNS TABLE(created_task_id uuid, created boolean, pruned boolean)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
  select c.task_id, c.created, c.pruned
  from "tasker".create_tasks(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'namespace', namespace, 'name', name, 'version', version, 'initiator', initiator, 'source_system', source_system,
    'reason', reason, 'tags', tags, 'bypass_steps', bypass_steps, 'priority', priority, 'requested_at', requested_at,
    'idempotency_key', idempotency_key, 'idempotency_ttl_seconds', idempotency_ttl_seconds, 'on_duplicate', on_duplicate,
    'task_id', task_id)) || jsonb_build_object('context', context))) c
$$;

CREATE FUNCTION tasker.create_tasks(p_requests jsonb) RETURNS TABLE(ord integer, task_id uuid, created boolean, pruned boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := "tasker".clock();
  v_requests "tasker".task_request[];
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
  select array_agg(row(coalesce(r.task_id, "tasker".uuid_v7()), coalesce(r.namespace, 'default'), r.name, r.version, r.plan_id,
      coalesce(r.context, '{}'), r.initiator, r.source_system, r.reason, r.tags, nullif(r.bypass_steps, '{}'), r.priority,
      r.requested_at, r.idempotency_key, r.idempotency_ttl_seconds, r.on_duplicate, r.identity_strategy,
      r.identity_window_seconds, r.traceparent)::"tasker".task_request order by e.ord)
  into v_requests
  from jsonb_array_elements(p_requests) with ordinality e(request, ord),
       jsonb_populate_record(null::"tasker".task_request, e.request) r;
  if v_requests is null then
    return;
  end if;
  perform "tasker".check_requests(v_requests, v_now);

  -- Which plan each request means: the given version, else the latest in semver order.
  select array_agg(d.named_task_id order by r.ord), array_agg(d.plan_id order by r.ord) into v_named, v_plans
  from unnest(v_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
  join (
    select k.namespace, k.name, k.version, x.named_task_id, x.plan_id
    from (select distinct q.namespace, q.name, q.version from unnest(v_requests) q) k
    left join lateral "tasker".current_plan(k.namespace, k.name, k.version) x on true
  ) d on d.namespace = r.namespace and d.name = r.name and d.version is not distinct from r.version;
  perform "tasker".check_plans(v_requests, v_plans);

  v_fresh := array_fill(true, array[cardinality(v_requests)]);
  if exists (select from unnest(v_requests) r where r.idempotency_key is not null or r.identity_strategy = 'hash') then
    select i.fresh, i.originals into v_fresh, v_found from "tasker".claim_identities(v_requests, v_now) i;
  end if;

  perform "tasker".insert_tasks(v_requests, v_named, v_plans, v_fresh, v_now);

  return query
  select r.ord::int, case when r.fresh then r.request_id else r.found end, r.fresh,
         not r.fresh and not exists (select from "tasker".tasks t where t.task_id = r.found)
  from (select (v_requests[o.ord]).task_id as request_id, o.fresh, v_found[o.ord] as found, o.ord
        from unnest(v_fresh) with ordinality o(fresh, ord)) r
  order by r.ord;
end $$;

CREATE FUNCTION tasker.current_plan(p_namespace text, p_name text, p_version text) RETURNS TABLE(named_task_id integer, plan_id integer)
    LANGUAGE sql STABLE
    AS $$
  select t.named_task_id, t.plan_id
  from "tasker".namespaces n join "tasker".named_tasks t on t.namespace_id = n.namespace_id
  where n.name = p_namespace and t.name = p_name and (p_version is null or t.version = p_version) and t.plan_id is not null
  order by t.version_order desc limit 1
$$;

CREATE FUNCTION tasker.database_identity() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_oid oid := (select d.oid from pg_database d where d.datname = current_database());
begin
  return format('%s/%s', (select c.system_identifier from pg_control_system() c), v_oid);
exception when insufficient_privilege or feature_not_supported or undefined_function then
  return format('%s/%s', current_database(), v_oid);
end $$;

CREATE FUNCTION tasker.delete_archived(p_task_ids uuid[]) RETURNS TABLE(tasks bigint, steps bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  v_ids uuid[];
begin
  select array_agg(x.task_id order by x.task_id) into v_ids
  from (select t.task_id from "tasker".tasks t
        where t.task_id = any (p_task_ids) and t.state in ('complete', 'error', 'cancelled', 'resolved_manually') and t.paused_at is null
        order by t.task_id for update skip locked) x;
  return query select d.tasks, d.steps from "tasker".delete_tasks(v_ids) d;
end $$;

CREATE FUNCTION tasker.delete_tasks(p_task_ids uuid[], OUT tasks bigint, OUT steps bigint) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  v_first uuid := p_task_ids[1];
  v_last uuid := p_task_ids[cardinality(p_task_ids)];
begin
  delete from "tasker".workflow_step_transitions x where x.task_id between v_first and v_last and x.task_id = any (p_task_ids);
  delete from "tasker".task_transitions x where x.task_id between v_first and v_last and x.task_id = any (p_task_ids);
  delete from "tasker".operator_actions x where x.task_id = any (p_task_ids);
  delete from "tasker".task_annotations x where x.task_id = any (p_task_ids);
  delete from "tasker".task_search_attributes x where x.task_id = any (p_task_ids);
  delete from "tasker".workflow_steps x where x.task_id = any (p_task_ids);
  get diagnostics steps = row_count;
  delete from "tasker".tasks x where x.task_id = any (p_task_ids);
  get diagnostics tasks = row_count;
end $$;

CREATE FUNCTION tasker.drain_worker(p_worker_id bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
  update "tasker".workers set state = 'draining' where worker_id = p_worker_id and state = 'alive'
$$;

CREATE FUNCTION tasker.drop_claims(p_worker_id bigint, p_batches bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
declare
  v_batch bigint;
begin
  foreach v_batch in array p_batches loop
    delete from "tasker".worker_claims c where c.worker_id = p_worker_id and c.batch = v_batch;
  end loop;
end $$;

CREATE FUNCTION tasker.drop_trail_partitions(p_older_than_seconds double precision, p_limit integer DEFAULT 1) RETURNS TABLE(dropped text, blocked_by uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '500ms'
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_range record;
  v_dropped int := 0;
  v_schema text := (select n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = '"tasker".channel'::regproc);
begin
  -- A task may be made with an id of a day ago.
  if not (p_older_than_seconds >= 172800) then
    raise exception using errcode = 'TK003', message = format('the trail is kept for at least two days (172800 seconds), not %s', p_older_than_seconds);
  end if;
  for v_range in
    select x.from_id, x.to_id, array_agg(x.partition order by x.parent desc) as partitions, array_agg(x.parent order by x.parent desc) as parents
    from "tasker".trail_partitions() x where x.to_at <= "tasker".clock() - make_interval(secs => p_older_than_seconds)
    group by 1, 2 order by 1
  loop
    exit when v_dropped >= p_limit;
    blocked_by := (select t.task_id from "tasker".tasks t where t.task_id >= v_range.from_id and t.task_id < v_range.to_id
                   and t.state in ('pending', 'in_progress', 'error') order by t.task_id limit 1);
    for n in 1 .. cardinality(v_range.partitions) loop
      dropped := v_range.partitions[n];
      if blocked_by is null then
        execute format('alter table %I.%I detach partition %I.%I', v_schema, v_range.parents[n], v_schema, v_range.partitions[n]);
        execute format('drop table %I.%I', v_schema, v_range.partitions[n]);
      end if;
      return next;
    end loop;
    if blocked_by is null then
      delete from "tasker".operator_actions o where o.task_id >= v_range.from_id and o.task_id < v_range.to_id;
    end if;
    v_dropped := v_dropped + (blocked_by is null)::int;
  end loop;
  delete from "tasker".operator_actions o
  where o.task_id is null and o.created_at <= "tasker".clock() - make_interval(secs => p_older_than_seconds);
end $$;

CREATE FUNCTION tasker.end_attempt(p_task_id uuid, p_step_no integer, p_failure jsonb, p_retry_after double precision, p_final boolean, p_lost boolean, p_backoff jsonb, p_max_worker_losses integer, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_step "tasker".workflow_steps;
  v_wait double precision;
  v_results jsonb;
  v_lane_id int;
begin
  select * into strict v_step from "tasker".workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;
  v_results := p_failure || jsonb_build_object('attempt', v_step.attempts);
  v_lane_id := v_step.lane_id;
  if not p_final then
    v_wait := case when p_lost and v_step.worker_losses = 0 then 0 else "tasker".backoff_seconds(v_step.attempts,
      (select t.retry from "tasker".step_templates t where t.step_template_id = v_step.step_template_id), p_backoff, p_retry_after) end;
    v_lane_id := "tasker".sibling_lane(v_step.lane_id, null,
      "tasker".claim_mode(v_step.attempts, v_step.retry_limit, v_step.worker_losses + p_lost::int, p_max_worker_losses));
  end if;

  update "tasker".workflow_steps s
  set state = 'error', results = v_results, ended_at = p_now, seq = s.seq + 1, lane_id = v_lane_id,
      backoff_request_seconds = p_retry_after,
      worker_losses = s.worker_losses + p_lost::int, claim_no = s.claim_no + p_lost::int,
      ready_at = case when not p_final and t.paused_at is null then p_now + make_interval(secs => v_wait) end,
      held_at = case when not p_final and t.paused_at is not null then p_now + make_interval(secs => v_wait) end
  from "tasker".tasks t
  where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = p_step_no;
  insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id, metadata)
  values (p_task_id, p_step_no, v_step.seq + 1, 'in_progress', 'error', v_step.attempts, p_now, v_step.worker_id, v_results);

  if p_final then
    update "tasker".tasks t set irregular = true where t.task_id = p_task_id and not t.irregular;
  end if;
  if exists (select from "tasker".tasks t where t.task_id = p_task_id and t.irregular) and p_final then
    perform "tasker".settle_tasks(array[p_task_id], p_now);
  end if;
end $$;

CREATE FUNCTION tasker.end_maintenance(p_name text, p_next_seconds double precision, p_cursor uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update "tasker".maintenance m set next_due_at = "tasker".clock() + make_interval(secs => p_next_seconds), cursor = p_cursor
  where m.name = p_name;
end $$;

CREATE FUNCTION tasker.fail_step(p_task_id uuid, p_step_no integer, p_claim_no integer, p_error text, p_retryable boolean DEFAULT true, p_error_code text DEFAULT NULL::text, p_details jsonb DEFAULT NULL::jsonb, p_retry_after double precision DEFAULT NULL::double precision) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_status text;
begin
  select r.status into v_status
  from "tasker".fail_steps(null, array[p_task_id], array[p_step_no], array[p_claim_no], array[jsonb_build_object('error', p_error,
    'error_class', null, 'error_code', p_error_code, 'backtrace', null, 'retryable', p_retryable, 'details', p_details)],
    array[p_retry_after]) r;
  if v_status = 'attempt_lost' then
    raise exception using errcode = 'TK001', message = format(
      'claim %s of step %s of task %s is no longer held: the step was taken over, cancelled or resolved meanwhile', p_claim_no, p_step_no, p_task_id);
  end if;
end $$;

CREATE FUNCTION tasker.fail_steps(p_worker_id bigint, p_task_ids uuid[], p_step_nos integer[], p_claim_nos integer[], p_failures jsonb[], p_retry_afters double precision[] DEFAULT NULL::double precision[], p_backoff jsonb DEFAULT NULL::jsonb, p_wait boolean DEFAULT true, p_max_worker_losses integer DEFAULT 3, p_done bigint[] DEFAULT NULL::bigint[]) RETURNS SETOF tasker.flush_row
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_step record;
  v_steps int[];
  v_tasks uuid[];
begin
  if p_worker_id is not null then
    perform 1 from "tasker".workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining') for key share;
    if not found then
      raise exception using errcode = 'TK008', message = format('worker %s is not alive: it was stopped, or taken for dead', p_worker_id);
    end if;
  end if;
  if p_wait then
    perform 1 from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no) order by 1, 2) o
    join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
    order by o.task_id, o.step_no for no key update of s;
  end if;
  select array_agg(x.task_id), array_agg(x.step_no) into v_tasks, v_steps
  from (select s.task_id, s.step_no
        from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no) order by 1, 2) o
        join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
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
      left join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
      left join "tasker".step_templates t on t.step_template_id = s.step_template_id) x
    order by x.task_id, x.step_no, x.again
  loop
    continue when v_step.again;
    if v_step.known and not v_step.locked then
      return next row('busy', v_step.task_id, v_step.step_no, v_step.claim_no, null, null, null, null, null, null, null, null, null)::"tasker".flush_row;
      continue;
    elsif v_step.held is not true then
      return next row(case when v_step.state = 'error' and v_step.held_claim_no = v_step.claim_no then 'already_recorded' else 'attempt_lost' end,
        v_step.task_id, v_step.step_no, v_step.claim_no, null, null, null, null, null, null, null, null, null)::"tasker".flush_row;
      continue;
    end if;
    if not "tasker".lock_task_of_failure(v_step.task_id, v_step.task_final, p_wait) then
      return next row('busy', v_step.task_id, v_step.step_no, v_step.claim_no, null, null, null, null, null, null, null, null, null)::"tasker".flush_row;
      continue;
    end if;
    perform "tasker".end_attempt(v_step.task_id, v_step.step_no, v_step.failure, v_step.retry_after, v_step.final, false,
                               p_backoff, p_max_worker_losses, v_now);
  end loop;
  if p_done is not null then
    perform "tasker".drop_claims(p_worker_id, p_done);
  end if;
end $$;

CREATE FUNCTION tasker.find_plan(p_namespace text, p_name text, p_version text DEFAULT NULL::text) RETURNS TABLE(plan_id integer, version text, schema text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  select t.plan_id, t.version::text, p.schema::text
  from "tasker".namespaces n
  join "tasker".named_tasks t on t.namespace_id = n.namespace_id
  join "tasker".plans p on p.plan_id = t.plan_id
  where n.name = p_namespace and t.name = p_name and (p_version is null or t.version = p_version)
  order by t.version_order desc limit 1;
end $$;

CREATE FUNCTION tasker.finished_tasks(p_rules jsonb, p_after uuid, p_scan integer, p_now timestamp with time zone, OUT task_ids uuid[], OUT ages double precision[], OUT sizes integer[], OUT page_end uuid) RETURNS record
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  v_rules "tasker".retention_rule[] := "tasker".retention_rules(p_rules);
  v_before uuid := "tasker".uuid_at(p_now + interval '1 day'
    - make_interval(secs => (select min(r.older_than_seconds) from unnest(v_rules) r)));
  v_looked int;
begin
  if v_before is null then
    return;
  end if;
  select count(*), (array_agg(x.task_id order by x.task_id desc))[1],
         array_agg(x.task_id order by x.task_id) filter (where x.prunable),
         array_agg(x.age order by x.task_id) filter (where x.prunable),
         array_agg(x.total_steps order by x.task_id) filter (where x.prunable)
  into v_looked, page_end, task_ids, ages, sizes
  from (
    select t.task_id, t.total_steps, g.age, coalesce(t.completed_at <= p_now - make_interval(secs => g.age), false) as prunable
    from (select k.task_id, k.total_steps, k.named_task_id, k.state, k.completed_at, k.paused_at from "tasker".tasks k
          where k.task_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000') and k.task_id < v_before
          order by k.task_id limit p_scan) t
    left join lateral (
      select r.older_than_seconds as age
      from "tasker".named_tasks d join "tasker".namespaces n on n.namespace_id = d.namespace_id
      cross join lateral unnest(v_rules) with ordinality r(namespace, name, state, older_than_seconds, ord)
      where d.named_task_id = t.named_task_id and t.state in ('complete', 'error', 'cancelled', 'resolved_manually')
        and t.paused_at is null
        and (r.namespace is null or r.namespace = n.name) and (r.name is null or r.name = d.name)
        and (r.state = t.state or (r.state is null and t.state <> 'error'))
      order by r.ord limit 1) g on true) x;
  if v_looked < p_scan then
    page_end := null;
  end if;
end $$;

CREATE FUNCTION tasker.flush_note(p_status text, p_number integer DEFAULT NULL::integer, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_task_id uuid DEFAULT NULL::uuid) RETURNS tasker.flush_row
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select row(p_status, p_task_id, p_number, null, null, null, null, null, p_at, null, null, null, null)::"tasker".flush_row
$$;

CREATE FUNCTION tasker.get_analytics_metrics_v01(since_timestamp timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(active_tasks_count bigint, total_namespaces_count bigint, unique_task_types_count bigint, system_health_score numeric, task_throughput bigint, completion_count bigint, error_count bigint, completion_rate numeric, error_rate numeric, avg_task_duration numeric, avg_step_duration numeric, step_throughput bigint, analysis_period_start timestamp with time zone, calculated_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
  with period as (select coalesce(since_timestamp, "tasker".clock() - interval '1 hour') as since, "tasker".clock() as now),
  task as (
    select count(*) filter (where t.created_at >= p.since) as created,
           count(*) filter (where t.state in ('complete', 'resolved_manually') and t.completed_at >= p.since) as completed,
           count(*) filter (where t.state = 'error' and t.completed_at >= p.since) as failed,
           avg(extract(epoch from t.completed_at - t.created_at)) filter (where t.state = 'complete' and t.completed_at >= p.since) as duration,
           count(*) filter (where t.state in ('pending', 'in_progress')) as active
    from "tasker".tasks t, period p),
  step as (
    select count(*) as completed, avg(extract(epoch from s.ended_at - s.last_attempted_at)) as duration
    from "tasker".workflow_steps s, period p where s.state = 'complete' and s.ended_at >= p.since)
  select task.active, (select count(*) from "tasker".namespaces), (select count(distinct (namespace_id, name)) from "tasker".named_tasks),
    coalesce(round(task.completed::numeric / nullif(task.completed + task.failed, 0), 3), 1.0)::numeric(5, 3),
    task.created, task.completed, task.failed,
    coalesce(round(task.completed::numeric * 100 / nullif(task.completed + task.failed, 0), 2), 0)::numeric(5, 2),
    coalesce(round(task.failed::numeric * 100 / nullif(task.completed + task.failed, 0), 2), 0)::numeric(5, 2),
    coalesce(task.duration, 0)::numeric(10, 3), coalesce(step.duration, 0)::numeric(10, 3), step.completed, period.since, period.now
  from task, step, period
$$;

CREATE FUNCTION tasker.get_slowest_steps_v01(since_timestamp timestamp with time zone DEFAULT NULL::timestamp with time zone, limit_count integer DEFAULT 10, namespace_filter text DEFAULT NULL::text, task_name_filter text DEFAULT NULL::text, version_filter text DEFAULT NULL::text) RETURNS TABLE(workflow_step_id integer, task_id uuid, step_name character varying, task_name character varying, namespace_name character varying, version character varying, duration_seconds numeric, attempts integer, created_at timestamp with time zone, completed_at timestamp with time zone, retryable boolean, step_status character varying)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
  select s.step_no, s.task_id, st.name, n.name, ns.name, n.version, extract(epoch from s.ended_at - t.created_at)::numeric(10, 3),
         s.attempts, t.created_at, s.ended_at, st.retryable, s.state::varchar(64)
  from "tasker".workflow_steps s
  join "tasker".tasks t on t.task_id = s.task_id
  join "tasker".step_templates st on st.step_template_id = s.step_template_id
  join "tasker".named_tasks n on n.named_task_id = t.named_task_id
  join "tasker".namespaces ns on ns.namespace_id = n.namespace_id
  where s.state = 'complete' and t.created_at >= coalesce(since_timestamp, "tasker".clock() - interval '24 hours') and s.ended_at > t.created_at
    and (namespace_filter is null or ns.name = namespace_filter) and (task_name_filter is null or n.name = task_name_filter)
    and (version_filter is null or n.version = version_filter)
  order by 7 desc limit limit_count
$$;

CREATE FUNCTION tasker.get_slowest_tasks_v01(since_timestamp timestamp with time zone DEFAULT NULL::timestamp with time zone, limit_count integer DEFAULT 10, namespace_filter text DEFAULT NULL::text, task_name_filter text DEFAULT NULL::text, version_filter text DEFAULT NULL::text) RETURNS TABLE(task_id uuid, task_name character varying, namespace_name character varying, version character varying, duration_seconds numeric, step_count bigint, completed_steps bigint, error_steps bigint, created_at timestamp with time zone, completed_at timestamp with time zone, initiator character varying, source_system character varying)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
  with slow as (
    select t.*, n.name as task_name, ns.name as namespace_name, n.version, extract(epoch from t.completed_at - t.created_at) as duration
    from "tasker".tasks t
    join "tasker".named_tasks n on n.named_task_id = t.named_task_id
    join "tasker".namespaces ns on ns.namespace_id = n.namespace_id
    where t.state in ('complete', 'error') and t.created_at >= coalesce(since_timestamp, "tasker".clock() - interval '24 hours')
      and (namespace_filter is null or ns.name = namespace_filter) and (task_name_filter is null or n.name = task_name_filter)
      and (version_filter is null or n.version = version_filter)
    order by duration desc limit limit_count)
  select s.task_id, s.task_name, s.namespace_name, s.version, s.duration::numeric(10, 3), c.total, c.completed, c.failed,
         s.created_at, s.completed_at, s.initiator::varchar(128), s.source_system::varchar(128)
  from slow s cross join lateral (
    select count(*) as total, count(*) filter (where w.state in ('complete', 'resolved_manually')) as completed,
           count(*) filter (where w.state = 'error') as failed
    from "tasker".workflow_steps w where w.task_id = s.task_id) c
  order by s.duration desc
$$;

CREATE FUNCTION tasker.get_step_readiness_status(input_task_id uuid, step_ids integer[] DEFAULT NULL::integer[]) RETURNS TABLE(workflow_step_id integer, task_id uuid, named_step_id integer, name text, current_state text, dependencies_satisfied boolean, retry_eligible boolean, ready_for_execution boolean, last_failure_at timestamp with time zone, next_retry_at timestamp with time zone, total_parents integer, completed_parents integer, attempts integer, retry_limit integer, backoff_request_seconds double precision, last_attempted_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
begin
  return query select r.* from "tasker".get_step_readiness_status_batch(array[input_task_id]) r
  where step_ids is null or r.workflow_step_id = any (step_ids);
end $$;

CREATE FUNCTION tasker.get_step_readiness_status_batch(input_task_ids uuid[]) RETURNS TABLE(workflow_step_id integer, task_id uuid, named_step_id integer, name text, current_state text, dependencies_satisfied boolean, retry_eligible boolean, ready_for_execution boolean, last_failure_at timestamp with time zone, next_retry_at timestamp with time zone, total_parents integer, completed_parents integer, attempts integer, retry_limit integer, backoff_request_seconds double precision, last_attempted_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := "tasker".clock();
begin
  return query
  select s.step_no, s.task_id, t.named_step_id, t.name::text, s.state::text,
         s.open_parents <= 0,
         case when s.state in ('pending', 'in_progress') then s.attempts < s.retry_limit
              else s.state = 'error' and (s.ready_at is not null or s.held_at is not null) end,
         s.ready_at is not null and s.ready_at <= v_now and not l.paused,
         case when s.state = 'error' then s.ended_at end,
         case when s.state = 'error' then coalesce(s.ready_at, s.held_at) end,
         s.parent_count, s.parent_count - greatest(s.open_parents, 0), s.attempts, s.retry_limit, s.backoff_request_seconds, s.last_attempted_at
  from "tasker".workflow_steps s
  join "tasker".step_templates t on t.step_template_id = s.step_template_id
  join "tasker".lanes l on l.lane_id = s.lane_id
  where s.task_id = any (input_task_ids)
  order by s.task_id, s.step_no;
end $$;

CREATE FUNCTION tasker.get_system_health_counts_v01() RETURNS TABLE(total_tasks bigint, pending_tasks bigint, in_progress_tasks bigint, complete_tasks bigint, error_tasks bigint, cancelled_tasks bigint, total_steps bigint, pending_steps bigint, in_progress_steps bigint, complete_steps bigint, error_steps bigint, retryable_error_steps bigint, exhausted_retry_steps bigint, in_backoff_steps bigint, active_connections bigint, max_connections bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
  select t.*, s.*,
    (select count(*) from pg_stat_activity a where a.datname = current_database() and a.state = 'active'),
    current_setting('max_connections')::bigint
  from (select count(*), count(*) filter (where state = 'pending'), count(*) filter (where state = 'in_progress'),
               count(*) filter (where state = 'complete'), count(*) filter (where state = 'error'), count(*) filter (where state = 'cancelled')
        from "tasker".tasks) t,
       (select count(*), count(*) filter (where state = 'pending'), count(*) filter (where state = 'in_progress'),
               count(*) filter (where state = 'complete'), count(*) filter (where state = 'error'),
               count(*) filter (where state = 'error' and (ready_at is not null or held_at is not null)),
               count(*) filter (where state = 'error' and ready_at is null and held_at is null),
               count(*) filter (where state = 'error' and ready_at > "tasker".clock())
        from "tasker".workflow_steps) s
$$;

CREATE FUNCTION tasker.get_task_execution_context(input_task_id uuid) RETURNS TABLE(task_id uuid, named_task_id integer, status text, total_steps bigint, pending_steps bigint, in_progress_steps bigint, completed_steps bigint, failed_steps bigint, ready_steps bigint, execution_status text, recommended_action text, completion_percentage numeric, health_status text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  return query select * from "tasker".get_task_execution_contexts_batch(array[input_task_id]);
end $$;

CREATE FUNCTION tasker.get_task_execution_contexts_batch(input_task_ids uuid[]) RETURNS TABLE(task_id uuid, named_task_id integer, status text, total_steps bigint, pending_steps bigint, in_progress_steps bigint, completed_steps bigint, failed_steps bigint, ready_steps bigint, execution_status text, recommended_action text, completion_percentage numeric, health_status text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := "tasker".clock();
begin
  return query
  select t.task_id, t.named_task_id, t.state::text, c.total, c.pending, c.running, c.completed, c.failed, c.ready,
    case when c.ready > 0 then 'has_ready_steps' when c.running > 0 then 'processing' when c.blocked > 0 then 'blocked_by_failures'
         when c.completed = c.total and c.total > 0 then 'all_complete' else 'waiting_for_dependencies' end,
    case when c.ready > 0 then 'execute_ready_steps' when c.running > 0 then 'wait_for_completion' when c.blocked > 0 then 'handle_failures'
         when c.completed = c.total and c.total > 0 then 'finalize_task' else 'wait_for_dependencies' end,
    case when c.total = 0 then 0.0 else round(c.completed::numeric / c.total * 100, 2) end,
    case when c.blocked > 0 and c.ready = 0 and c.running = 0 and c.waiting = 0 then 'blocked'
         when c.failed = 0 then 'healthy' else 'recovering' end
  from "tasker".tasks t
  cross join lateral (
    select count(*) as total, count(*) filter (where s.state = 'pending') as pending,
           count(*) filter (where s.state = 'in_progress') as running,
           count(*) filter (where s.state in ('complete', 'resolved_manually')) as completed,
           count(*) filter (where s.state = 'error') as failed,
           count(*) filter (where s.ready_at <= v_now and not l.paused) as ready,
           count(*) filter (where s.state = 'cancelled' or (s.state = 'error' and s.ready_at is null and s.held_at is null)) as blocked,
           count(*) filter (where s.state = 'error' and (s.ready_at is not null or s.held_at is not null)) as waiting
    from "tasker".workflow_steps s join "tasker".lanes l on l.lane_id = s.lane_id
    where s.task_id = t.task_id) c
  where t.task_id = any (input_task_ids)
  order by t.task_id;
end $$;

CREATE FUNCTION tasker.heartbeat(p_worker_id bigint, p_polled boolean DEFAULT true, p_oldest_running jsonb DEFAULT NULL::jsonb, p_done bigint[] DEFAULT NULL::bigint[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
begin
  update "tasker".worker_heartbeats h set heartbeat_at = v_now, oldest_running = p_oldest_running,
    last_polled_at = case when p_polled then v_now else h.last_polled_at end
  where h.worker_id = p_worker_id;
  if not exists (select from "tasker".workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining')) then
    return false;
  end if;
  if p_done is not null then
    perform "tasker".drop_claims(p_worker_id, p_done);
  end if;
  return true;
end $$;

CREATE FUNCTION tasker.held_steps(p_worker_id bigint) RETURNS TABLE(task_id uuid, step_no integer, claim_no integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
begin
  return query
  select distinct s.task_id, s.step_no, s.claim_no
  from "tasker".worker_claims c
  cross join lateral unnest(c.task_ids, c.step_nos) k(task_id, step_no)
  join "tasker".workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
  where c.worker_id = p_worker_id and s.worker_id = p_worker_id and s.state = 'in_progress'
  order by 1, 2;
end $$;

CREATE FUNCTION tasker.hold_task(p_task_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
  perform 1 from "tasker".workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
  perform 1 from "tasker".tasks t where t.task_id = p_task_id for update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
end $$;

CREATE FUNCTION tasker.insert_bypassing_steps(p_task_ids uuid[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_ended uuid[];
begin
  with recursive task as (
    select t.task_id, t.plan_id, t.priority, t.bypass_steps from "tasker".tasks t where t.task_id = any (p_task_ids)),
  step as (
    select t.task_id, t.priority, s.step_no, s.step_template_id, s.retry_limit, s.lane_id, s.parents,
           s.name = any (t.bypass_steps) as bypassed
    from task t join "tasker".step_templates s on s.plan_id = t.plan_id),
  walk (task_id, step_no, parent_no) as (
    select s.task_id, s.step_no, p.parent_no from step s cross join lateral unnest(s.parents) p(parent_no)
    union
    select w.task_id, w.step_no, p.parent_no
    from walk w join step s on s.task_id = w.task_id and s.step_no = w.parent_no and s.bypassed
    cross join lateral unnest(s.parents) p(parent_no)),
  edge as (
    select w.task_id, w.step_no, w.parent_no from walk w
    join step c on c.task_id = w.task_id and c.step_no = w.step_no and not c.bypassed
    join step p on p.task_id = w.task_id and p.step_no = w.parent_no and not p.bypassed)
  insert into "tasker".workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
    open_parents, state, seq, ready_at, ended_at, results)
  select s.task_id, s.step_no, s.step_template_id, s.retry_limit, coalesce(u.parents, 0), d.dependents,
         case when s.priority is null then s.lane_id else "tasker".sibling_lane(s.lane_id, s.priority, null) end,
         coalesce(u.parents, 0),
         (case when s.bypassed then 'resolved_manually' else 'pending' end)::"tasker".state, s.bypassed::int,
         case when not s.bypassed and u.parents is null then p_now end,
         case when s.bypassed then p_now end, case when s.bypassed then '{"bypassed": true}'::jsonb end
  from step s
  left join (select e.task_id, e.step_no, count(*)::int as parents from edge e group by 1, 2) u using (task_id, step_no)
  left join (select e.task_id, e.parent_no as step_no, array_agg(e.step_no order by e.step_no) as dependents from edge e group by 1, 2) d
    using (task_id, step_no);

  insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, created_at, metadata)
  select s.task_id, s.step_no, 1, 'pending', 'resolved_manually', p_now, '{"reason": "bypassed"}'
  from "tasker".workflow_steps s where s.task_id = any (p_task_ids) and s.state = 'resolved_manually';

  update "tasker".tasks t set open_sinks = x.sinks
  from (select s.task_id, (count(*) filter (where s.dependents is null and s.state = 'pending'))::int as sinks
        from "tasker".workflow_steps s where s.task_id = any (p_task_ids) group by 1) x
  where t.task_id = x.task_id;

  select array_agg(t.task_id order by t.task_id) into v_ended from "tasker".tasks t
  where t.task_id = any (p_task_ids) and t.open_sinks = 0;
  if v_ended is not null then
    perform "tasker".settle_tasks(v_ended, p_now, '{"reason": "every step was bypassed"}');
  end if;
end $$;

CREATE TABLE tasker.named_tasks (
    named_task_id integer NOT NULL,
    namespace_id integer NOT NULL,
    name character varying(64) NOT NULL,
    version character varying(16) NOT NULL,
    version_order integer[] NOT NULL,
    description character varying(255),
    plan_id integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE FUNCTION tasker.insert_plan(p_task tasker.named_tasks, p_template jsonb, p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    AS $$
declare
  v_plan_id int;
begin
  insert into "tasker".plans (named_task_id, digest, configuration, schema, searchable, step_count, sink_count, registered_at)
  select p_task.named_task_id, p_template ->> 'digest', p_template -> 'source', nullif(p_template -> 'schema', 'null'),
         coalesce(array(select jsonb_array_elements_text(p_template -> 'searchable')), '{}'),
         jsonb_array_length(p_template -> 'steps'),
         (select count(*) from jsonb_array_elements(p_template -> 'steps') s where jsonb_array_length(s -> 'dependents') = 0),
         p_now
  returning plan_id into v_plan_id;

  insert into "tasker".dependent_systems (name)
  select distinct coalesce(s ->> 'dependent_system', 'unknown') from jsonb_array_elements(p_template -> 'steps') s
  order by 1
  on conflict do nothing;
  insert into "tasker".named_steps (dependent_system_id, name, description)
  select d.dependent_system_id, s ->> 'name', left(s ->> 'description', 255)
  from jsonb_array_elements(p_template -> 'steps') s
  join "tasker".dependent_systems d on d.name = coalesce(s ->> 'dependent_system', 'unknown')
  order by 1, 2
  on conflict do nothing;

  insert into "tasker".step_templates (plan_id, step_no, named_step_id, name, handler, lane_id, parents, dependents,
    retryable, retry_limit, skippable, priority, timeout_seconds, retry, config)
  select v_plan_id, s.step_no, n.named_step_id, s.name, s.handler, l.lane_id, s.parents,
         case when s.dependents <> '{}' then s.dependents end, s.retryable, s.retry_limit, s.skippable, s.priority,
         s.timeout_seconds, nullif(s.retry, 'null'), nullif(s.config, 'null')
  from jsonb_to_recordset(p_template -> 'steps') as s(step_no int, name text, handler text, dependent_system text,
    parents int[], dependents int[], retryable boolean, retry_limit int, skippable boolean, priority smallint,
    timeout_seconds double precision, retry jsonb, config jsonb)
  join "tasker".dependent_systems d on d.name = coalesce(s.dependent_system, 'unknown')
  join "tasker".named_steps n on n.dependent_system_id = d.dependent_system_id and n.name = s.name
  join (
    -- one call a distinct lane, in one order for all callers
    select k.handler, k.priority, k.mode, "tasker".lane(p_task.namespace_id, p_task.name, k.handler, k.priority, k.mode) as lane_id
    from (select distinct x.handler, x.priority, "tasker".claim_mode(0, x.retry_limit, 0, 3) as mode
          from jsonb_to_recordset(p_template -> 'steps') as x(handler text, priority int, retry_limit int)
          order by 1, 2, 3) k
  ) l on l.handler = s.handler and l.priority = s.priority and l.mode = "tasker".claim_mode(0, s.retry_limit, 0, 3);
  return v_plan_id;
end $$;

CREATE FUNCTION tasker.insert_search_attributes(p_task_ids uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
  insert into "tasker".task_search_attributes (task_id, name, text_value, number_value)
  select t.task_id, a.path, v.text_value, v.number_value
  from "tasker".tasks t
  join "tasker".plans p on p.plan_id = t.plan_id and p.searchable <> '{}'
  cross join lateral (select distinct u.path from unnest(p.searchable) u(path) where length(u.path) <= 64) a
  cross join lateral "tasker".search_attribute(t.context #> string_to_array(a.path, '.')) v
  where t.task_id = any (p_task_ids) and (v.text_value is not null or v.number_value is not null)
$$;

CREATE FUNCTION tasker.insert_tasks(p_requests tasker.task_request[], p_named integer[], p_plans integer[], p_fresh boolean[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_bypassing uuid[];
  v_count int;
  v_taken uuid;
begin
  insert into "tasker".tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, priority, created_at, requested_at,
    unvalidated, initiator, source_system, reason, tags, bypass_steps, context, traceparent)
  select r.task_id, p_named[r.ord], p.plan_id, p.step_count, p.sink_count, r.priority, p_now, coalesce(r.requested_at, p_now),
         p.schema is not null and r.plan_id is null, coalesce(r.initiator, 'unknown'), coalesce(r.source_system, 'unknown'),
         coalesce(r.reason, 'unknown'), coalesce(r.tags, '{}'), coalesce(r.bypass_steps, '{}'), r.context, r.traceparent
  from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
  join "tasker".plans p on p.plan_id = p_plans[r.ord]
  where p_fresh[r.ord]
  order by r.ord
  on conflict do nothing;
  get diagnostics v_count = row_count;
  if v_count < cardinality(array_positions(p_fresh, true)) then
    -- Named twice here, or a task that has its steps already.
    select r.task_id into v_taken
    from (select (p_requests[f.ord]).task_id, count(*) over (partition by (p_requests[f.ord]).task_id) as times
          from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh) r
    where r.times > 1 or exists (select from "tasker".workflow_steps s where s.task_id = r.task_id)
    limit 1;
    perform "tasker".raise_task_id_taken(v_taken);
  end if;

  with request as materialized (
    select r.task_id, p_plans[r.ord] as plan_id, r.priority
    from unnest(p_requests) with ordinality r(task_id, namespace, name, version, plan_id, context, initiator, source_system, reason,
         tags, bypass_steps, priority, requested_at, idempotency_key, idempotency_ttl_seconds, on_duplicate,
         identity_strategy, identity_window_seconds, traceparent, ord)
    where p_fresh[r.ord] and r.bypass_steps is null),
  -- a request's own priority means other lanes: one call a distinct pair, in one order for all callers
  moved as materialized (
    select k.lane_id, k.priority, "tasker".sibling_lane(k.lane_id, k.priority, null) as moved_lane_id
    from (select distinct s.lane_id, q.priority
          from (select distinct r.plan_id, r.priority from request r where r.priority is not null) q
          join "tasker".step_templates s on s.plan_id = q.plan_id order by 1, 2) k)
  insert into "tasker".workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id,
    open_parents, ready_at)
  select r.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents,
         coalesce(m.moved_lane_id, s.lane_id), cardinality(s.parents), case when s.parents = '{}' then p_now end
  from request r
  join "tasker".step_templates s on s.plan_id = r.plan_id
  left join moved m on m.lane_id = s.lane_id and m.priority = r.priority;

  select array_agg((p_requests[f.ord]).task_id) into v_bypassing
  from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh and (p_requests[f.ord]).bypass_steps is not null;
  if v_bypassing is not null then
    perform "tasker".insert_bypassing_steps(v_bypassing, p_now);
  end if;

  if exists (select from "tasker".plans p where p.plan_id = any (p_plans) and p.searchable <> '{}') then
    perform "tasker".insert_search_attributes(array(
      select (p_requests[f.ord]).task_id from unnest(p_fresh) with ordinality f(fresh, ord) where f.fresh));
  end if;
end $$;

CREATE FUNCTION tasker.keep_action(p_task_id uuid, p_step_no integer, p_metadata jsonb, p_changed jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  insert into "tasker".operator_actions (task_id, step_no, created_at, metadata)
  values (p_task_id, p_step_no, "tasker".clock(), p_metadata || case when p_changed is null then '{}' else jsonb_build_object('changed', p_changed) end)
$$;

CREATE FUNCTION tasker.lane(p_namespace_id integer, p_task_name text, p_handler text, p_priority integer, p_mode integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  v_lane_id int;
begin
  select l.lane_id into v_lane_id from "tasker".lanes l
  where l.namespace_id = p_namespace_id and l.task_name = p_task_name and l.handler = p_handler
    and l.priority = p_priority and l.mode = p_mode and l.tenant is null and l.limit_key is null;
  if found then
    return v_lane_id;
  end if;
  lock table "tasker".pauses in row exclusive mode;
  insert into "tasker".lanes (namespace_id, task_name, handler, priority, mode, paused)
  select p_namespace_id, p_task_name, p_handler, p_priority, p_mode, exists (
    select from "tasker".pauses p join "tasker".namespaces n on n.namespace_id = p_namespace_id
    where (p.namespace is null or p.namespace = n.name) and (p.task_name is null or p.task_name = p_task_name)
      and (p.handler is null or p.handler = p_handler))
  on conflict do nothing;
  select l.lane_id into strict v_lane_id from "tasker".lanes l
  where l.namespace_id = p_namespace_id and l.task_name = p_task_name and l.handler = p_handler
    and l.priority = p_priority and l.mode = p_mode and l.tenant is null and l.limit_key is null;
  return v_lane_id;
end $$;

CREATE FUNCTION tasker.lock_prunable(p_rules jsonb, p_after uuid, p_limit integer, p_scan integer, p_most_steps integer, OUT task_ids uuid[], OUT next_after uuid) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_page record;
  v_taken int;
  v_whole uuid[];
  v_ages double precision[];
begin
  select * into v_page from "tasker".finished_tasks(p_rules, p_after, p_scan, v_now);
  next_after := v_page.page_end;
  select count(*) into v_taken
  from (select k.ord, sum(k.size) over (order by k.ord) - k.size as before
        from unnest(v_page.sizes) with ordinality k(size, ord)) x
  where x.ord <= p_limit and (x.before < p_most_steps or x.ord = 1);
  if v_taken = 0 then
    return;
  elsif v_taken < cardinality(v_page.task_ids) then
    next_after := v_page.task_ids[v_taken];
  end if;

  -- A task of which somebody holds a step is left alone, as is one of which a step may still run.
  -- One list of tasks and steps, grouped: the planner would join the two lists by comparing every pair.
  select array_agg(l.task_id order by l.task_id), array_agg(l.age order by l.task_id) into v_whole, v_ages
  from (
    select x.task_id, max(x.age) as age, count(*) - 1 as steps, bool_or(x.alive) as alive
    from (select k.task_id, k.age, false as alive
          from unnest(v_page.task_ids[1:v_taken], v_page.ages[1:v_taken]) k(task_id, age)
          union all
          select s.task_id, null, s.alive
          from (select w.task_id, w.state = 'in_progress' or w.ready_at is not null or w.held_at is not null as alive
                from "tasker".workflow_steps w where w.task_id = any (v_page.task_ids[1:v_taken])
                order by w.task_id, w.step_no for update of w skip locked) s) x
    group by x.task_id) l
  where not l.alive and l.steps = (select count(*) from "tasker".workflow_steps w where w.task_id = l.task_id);

  select array_agg(x.task_id order by x.task_id) into task_ids
  from (select t.task_id
        from unnest(v_whole, v_ages) k(task_id, age) join "tasker".tasks t on t.task_id = k.task_id
        where t.state in ('complete', 'error', 'cancelled', 'resolved_manually')
          and t.paused_at is null and t.completed_at <= v_now - make_interval(secs => k.age)
        order by t.task_id for update of t skip locked) x;
end $$;

CREATE FUNCTION tasker.lock_task_of_failure(p_task_id uuid, p_final boolean, p_wait boolean) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  if p_final and p_wait then
    perform 1 from "tasker".tasks t where t.task_id = p_task_id for update;
  elsif p_final then
    perform 1 from "tasker".tasks t where t.task_id = p_task_id for update skip locked;
  elsif p_wait then
    perform 1 from "tasker".tasks t where t.task_id = p_task_id for key share;
  else
    perform 1 from "tasker".tasks t where t.task_id = p_task_id for key share skip locked;
  end if;
  return found;
end $$;

CREATE FUNCTION tasker.lose_step(p_task_id uuid, p_step_no integer, p_worker_id bigint, p_code text, p_final boolean, p_max_worker_losses integer, p_backoff jsonb, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform "tasker".end_attempt(p_task_id, p_step_no, jsonb_build_object(
    'error', case p_code when 'poison_pill'
      then format('quarantined: %s worker processes died while they held this step', p_max_worker_losses)
      else format('worker %s died or was cut off while it held this step', p_worker_id) end,
    'error_class', null, 'error_code', p_code, 'backtrace', null, 'retryable', not p_final, 'details', jsonb_build_object('worker_id', p_worker_id)),
    null, p_final, true, p_backoff, p_max_worker_losses, p_now);
end $$;

CREATE FUNCTION tasker.mark_paused_lanes() RETURNS void
    LANGUAGE sql
    AS $$
  update "tasker".lanes l set paused = x.paused
  from (select k.lane_id, exists (
          select from "tasker".pauses p
          where (p.namespace is null or p.namespace = n.name) and (p.task_name is null or p.task_name = k.task_name)
            and (p.handler is null or p.handler = k.handler)) as paused
        from "tasker".lanes k join "tasker".namespaces n on n.namespace_id = k.namespace_id) x
  where l.lane_id = x.lane_id and l.paused <> x.paused
$$;

CREATE FUNCTION tasker.mark_validated(p_task_id uuid, p_context jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update "tasker".tasks t set unvalidated = false, context = coalesce(p_context, t.context)
  where t.task_id = p_task_id and t.unvalidated;
end $$;

CREATE FUNCTION tasker.move_tasks(p_task_ids uuid[], p_to tasker.state, p_now timestamp with time zone, p_metadata jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  with old as (
    select t.task_id, t.state from "tasker".tasks t where t.task_id = any (p_task_ids)),
  moved as (
    update "tasker".tasks t set state = p_to, seq = t.seq + 1,
      started_at = case when p_to = 'in_progress' then coalesce(t.started_at, p_now) else t.started_at end,
      completed_at = case when p_to in ('pending', 'in_progress') then null else p_now end
    from old where t.task_id = old.task_id
    returning t.task_id, t.seq, old.state as from_state)
  insert into "tasker".task_transitions (task_id, seq, from_state, to_state, created_at, metadata)
  select m.task_id, m.seq, m.from_state, p_to, p_now, p_metadata from moved m
$$;

CREATE FUNCTION tasker.notify_idle(p_payload text DEFAULT 'ready'::text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  if exists (select from "tasker".workers w join "tasker".worker_heartbeats h on h.worker_id = w.worker_id
             where w.stopped_at is null and w.state = 'alive' and h.idle) then
    perform pg_notify("tasker".channel(), p_payload);
    return true;
  end if;
  return false;
end $$;

CREATE TABLE tasker.workflow_steps (
    task_id uuid NOT NULL,
    step_no integer NOT NULL,
    step_template_id integer NOT NULL,
    retry_limit integer NOT NULL,
    parent_count integer NOT NULL,
    dependents integer[],
    lane_id integer NOT NULL,
    state tasker.state DEFAULT 'pending'::tasker.state NOT NULL,
    open_parents integer NOT NULL,
    claim_no integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    worker_losses integer DEFAULT 0 NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    worker_id bigint,
    ready_at timestamp with time zone,
    held_at timestamp with time zone,
    last_attempted_at timestamp with time zone,
    ended_at timestamp with time zone,
    backoff_request_seconds double precision,
    inputs jsonb,
    results jsonb,
    kind text,
    map_key text,
    map_index integer,
    origin_step_no integer,
    wait_name text,
    wait_until timestamp with time zone,
    limit_key text,
    compensates_step_no integer,
    checkpoint jsonb
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');

CREATE FUNCTION tasker.operate_on_step(p_task_id uuid, p_step_no integer) RETURNS tasker.workflow_steps
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_step "tasker".workflow_steps;
begin
  perform "tasker".await_steps(array[p_task_id], array[p_step_no]);
  perform 1 from "tasker".tasks t where t.task_id = p_task_id for update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  select * into v_step from "tasker".workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;
  if not found then
    raise exception using errcode = 'TK006', message = format('task %s has no step %s', p_task_id, p_step_no);
  end if;
  update "tasker".tasks t set irregular = true where t.task_id = p_task_id and not t.irregular;
  return v_step;
end $$;

CREATE FUNCTION tasker.operate_on_steps(p_verb text, p_task_ids uuid[], p_step_nos integer[], p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text, p_reset_attempts boolean DEFAULT false, p_results jsonb DEFAULT '{}'::jsonb, p_retry_limit integer DEFAULT NULL::integer) RETURNS TABLE(task_id uuid, step_no integer, outcome text, message text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
  perform "tasker".await_steps(p_task_ids, p_step_nos);
  perform 1 from "tasker".tasks t where t.task_id = any (p_task_ids) order by t.task_id for update;
  for v_task_id, v_step_no in select distinct k.task_id, k.step_no from unnest(p_task_ids, p_step_nos) k(task_id, step_no) order by 1, 2 loop
    begin
      case p_verb
        when 'cancel' then perform "tasker".cancel_step(v_task_id, v_step_no, p_by, p_reason);
        when 'retry' then perform "tasker".retry_step(v_task_id, v_step_no, p_reset_attempts, p_by, p_reason);
        when 'resolve' then perform "tasker".resolve_step(v_task_id, v_step_no, p_results, p_by, p_reason);
        else perform "tasker".update_step(v_task_id, v_step_no, p_retry_limit, null, p_by, p_reason);
      end case;
      return query select v_task_id, v_step_no, 'done'::text, null::text;
    exception
      when sqlstate 'TK002' then return query select v_task_id, v_step_no, 'refused'::text, sqlerrm;
      when sqlstate 'TK006' then return query select v_task_id, v_step_no, 'missing'::text, sqlerrm;
    end;
  end loop;
end $$;

CREATE TABLE tasker.tasks (
    task_id uuid NOT NULL,
    named_task_id integer NOT NULL,
    plan_id integer NOT NULL,
    total_steps integer NOT NULL,
    priority smallint,
    created_at timestamp with time zone NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    created_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    state tasker.state DEFAULT 'pending'::tasker.state NOT NULL,
    open_sinks integer NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    irregular boolean DEFAULT false NOT NULL,
    unvalidated boolean DEFAULT false NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    paused_at timestamp with time zone,
    paused_by text,
    paused_reason text,
    initiator text DEFAULT 'unknown'::text NOT NULL,
    source_system text DEFAULT 'unknown'::text NOT NULL,
    reason text DEFAULT 'unknown'::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    bypass_steps text[] DEFAULT '{}'::text[] NOT NULL,
    context jsonb NOT NULL,
    tenant text,
    queue text,
    root_task_id uuid,
    parent_task_id uuid,
    parent_step_no integer,
    deadline_at timestamp with time zone,
    traceparent text,
    request_digest bytea,
    CONSTRAINT tasks_priority_check CHECK (((priority >= 0) AND (priority <= 9)))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');

CREATE FUNCTION tasker.operate_on_task(p_task_id uuid) RETURNS tasker.tasks
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_task "tasker".tasks;
begin
  perform 1 from "tasker".workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
  select * into v_task from "tasker".tasks t where t.task_id = p_task_id for update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  update "tasker".tasks t set irregular = true where t.task_id = p_task_id and not t.irregular;
  return v_task;
end $$;

CREATE FUNCTION tasker.operate_on_tasks(p_verb text, p_task_ids uuid[], p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS TABLE(task_id uuid, outcome text, message text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_task_id uuid;
begin
  if p_verb is null or p_verb not in ('cancel', 'retry', 'resolve', 'pause', 'resume') then
    raise exception using errcode = 'TK003', message = format('the verb is cancel, retry, resolve, pause or resume, not %s', p_verb);
  end if;
  perform 1 from "tasker".workflow_steps s where s.task_id = any (p_task_ids) order by s.task_id, s.step_no for no key update;
  perform 1 from "tasker".tasks t where t.task_id = any (p_task_ids) order by t.task_id for update;
  for v_task_id in select distinct k from unnest(p_task_ids) k order by k loop
    begin
      case p_verb
        when 'cancel' then perform "tasker".cancel_task(v_task_id, p_by, p_reason);
        when 'retry' then perform "tasker".retry_task(v_task_id, p_by, p_reason);
        when 'resolve' then perform "tasker".resolve_task(v_task_id, p_by, p_reason);
        when 'pause' then perform "tasker".pause_task(v_task_id, p_by, p_reason);
        else perform "tasker".resume_task(v_task_id, p_by, p_reason);
      end case;
      return query select v_task_id, 'done'::text, null::text;
    exception
      when sqlstate 'TK002' then return query select v_task_id, 'refused'::text, sqlerrm;
      when sqlstate 'TK006' then return query select v_task_id, 'missing'::text, sqlerrm;
    end;
  end loop;
end $$;

CREATE FUNCTION tasker.pause(p_namespace text DEFAULT NULL::text, p_task_name text DEFAULT NULL::text, p_handler text DEFAULT NULL::text, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
begin
  if (p_namespace is null) = (p_handler is null) or (p_task_name is not null and p_namespace is null) then
    raise exception using errcode = 'TK003', message = 'name what to pause: a namespace, a namespace and a task name, or a handler';
  end if;
  lock table "tasker".pauses in share row exclusive mode;
  insert into "tasker".pauses (namespace, task_name, handler, paused_at, paused_by, reason)
  values (p_namespace, p_task_name, p_handler, v_now, p_by, p_reason) on conflict do nothing;
  if found then
    insert into "tasker".operator_actions (namespace, task_name, handler, created_at, metadata)
    values (p_namespace, p_task_name, p_handler, v_now, "tasker".audit('pause', p_by, p_reason));
  end if;
  perform "tasker".mark_paused_lanes();
end $$;

CREATE FUNCTION tasker.pause_task(p_task_id uuid, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_task "tasker".tasks := "tasker".operate_on_task(p_task_id);
begin
  if v_task.state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot pause task %s: it is %s', p_task_id, v_task.state);
  end if;
  update "tasker".tasks t set paused_at = coalesce(t.paused_at, v_now), paused_by = p_by, paused_reason = p_reason where t.task_id = p_task_id;
  update "tasker".workflow_steps s set held_at = s.ready_at, ready_at = null where s.task_id = p_task_id and s.ready_at is not null;
  perform "tasker".keep_action(p_task_id, null, "tasker".audit('pause', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.prune_leftovers(p_workers_seconds double precision DEFAULT NULL::double precision, p_limit integer DEFAULT 1000) RETURNS TABLE(identities bigint, workers bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
begin
  with gone as (
    select i.scope, i.digest from "tasker".task_identities i where i.expires_at <= v_now
    order by i.expires_at limit p_limit for update skip locked)
  delete from "tasker".task_identities i using gone g where i.scope = g.scope and i.digest = g.digest;
  get diagnostics identities = row_count;

  with gone as (
    select w.worker_id from "tasker".workers w where w.stopped_at <= v_now - make_interval(secs => p_workers_seconds)
    order by w.worker_id limit p_limit for update skip locked),
  claims as (delete from "tasker".worker_claims c using gone g where c.worker_id = g.worker_id)
  delete from "tasker".workers w using gone g where w.worker_id = g.worker_id;
  get diagnostics workers = row_count;
  return next;
end $$;

CREATE FUNCTION tasker.prune_tasks(p_rules jsonb, p_after uuid DEFAULT NULL::uuid, p_limit integer DEFAULT 500, p_scan integer DEFAULT 2000, p_most_steps integer DEFAULT 10000) RETURNS TABLE(tasks bigint, steps bigint, next_after uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_batch record;
begin
  select * into v_batch from "tasker".lock_prunable(p_rules, p_after, p_limit, p_scan, p_most_steps);
  return query select d.tasks, d.steps, v_batch.next_after from "tasker".delete_tasks(v_batch.task_ids) d;
end $$;

CREATE FUNCTION tasker.raise_task_id_taken(p_task_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = 'TK004', message = format(
    'the task_id %s is taken: every request needs an id of its own; leave it out or use "tasker".uuid_v7()', p_task_id);
end $$;

CREATE FUNCTION tasker.range_time(p_id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select to_timestamp(('x' || translate(substring(p_id::text for 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;

CREATE FUNCTION tasker.reap_workers(p_reaper_id bigint, p_max_worker_losses integer DEFAULT 3, p_backoff jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 16, p_worker_ids bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(worker_id bigint, task_id uuid, step_no integer, error_code text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := "tasker".clock();
  v_dead bigint[];
  v_tasks uuid[];
  v_steps int[];
  v_step record;
begin
  select array_agg(x.worker_id) into v_dead
  from (select w.worker_id from "tasker".workers w join "tasker".worker_heartbeats h on h.worker_id = w.worker_id
        where w.stopped_at is null and w.worker_id <> p_reaper_id and (p_worker_ids is null or w.worker_id = any (p_worker_ids))
          and (w.state = 'dead' or h.heartbeat_at < v_now - make_interval(secs => w.lease_seconds))
        order by w.worker_id limit p_limit for update of w, h skip locked) x;
  if v_dead is null then
    return;
  end if;
  update "tasker".workers w set state = 'dead' where w.worker_id = any (v_dead) and w.state <> 'dead';
  update "tasker".worker_heartbeats h set idle = false where h.worker_id = any (v_dead) and h.idle;

  select array_agg(x.task_id), array_agg(x.step_no) into v_tasks, v_steps
  from (select s.task_id, s.step_no
        from (select h.task_id, h.step_no from unnest(v_dead) d(worker_id) cross join lateral "tasker".held_steps(d.worker_id) h
              order by 1, 2) k
        join "tasker".workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
        where s.state = 'in_progress' and s.worker_id = any (v_dead)
        order by k.task_id, k.step_no for no key update of s skip locked) x;

  for v_step in
    select x.*, bool_or(x.final) over (partition by x.task_id) as task_final
    from (
      -- A loss counts as an attempt but never exhausts the budget; only for a step that may run once it is final.
      select s.task_id, s.step_no, s.worker_id, c.code,
             c.code = 'poison_pill' or not t.retryable or s.retry_limit <= 1 as final
      from unnest(v_tasks, v_steps) k(task_id, step_no)
      join "tasker".workflow_steps s on s.task_id = k.task_id and s.step_no = k.step_no
      join "tasker".step_templates t on t.step_template_id = s.step_template_id
      cross join lateral (select case when s.worker_losses + 1 >= p_max_worker_losses then 'poison_pill' else 'worker_lost' end) c(code)) x
    order by x.task_id, x.step_no
  loop
    continue when not "tasker".lock_task_of_failure(v_step.task_id, v_step.task_final, false);
    perform "tasker".lose_step(v_step.task_id, v_step.step_no, v_step.worker_id, v_step.code, v_step.final, p_max_worker_losses,
                             p_backoff, v_now);
    worker_id := v_step.worker_id;
    task_id := v_step.task_id;
    step_no := v_step.step_no;
    error_code := v_step.code;
    return next;
  end loop;

  with ended as (
    update "tasker".workers w set stopped_at = v_now
    where w.worker_id = any (v_dead) and not exists (select from "tasker".held_steps(w.worker_id))
    returning w.worker_id)
  delete from "tasker".worker_claims c using ended e where c.worker_id = e.worker_id;
end $$;

CREATE FUNCTION tasker.rearm_step(p_step tasker.workflow_steps, p_reset_attempts boolean, p_now timestamp with time zone, p_metadata jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_attempts int := case when p_reset_attempts then 0 else p_step.attempts end;
  v_limit int := greatest(p_step.retry_limit, v_attempts + 1);
begin
  perform "tasker".set_step(p_step, 'pending', p_now, null, p_now, p_metadata);
  update "tasker".workflow_steps s
  set attempts = v_attempts, retry_limit = v_limit, backoff_request_seconds = null,
      worker_losses = case when p_reset_attempts then 0 else s.worker_losses end,
      lane_id = "tasker".sibling_lane(s.lane_id, null,
        "tasker".claim_mode(v_attempts, v_limit, case when p_reset_attempts then 0 else s.worker_losses end, 3))
  where s.task_id = p_step.task_id and s.step_no = p_step.step_no;
end $$;

CREATE FUNCTION tasker.refuse_ended_task(p_task_id uuid, p_verb text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_state "tasker".state;
begin
  select t.state into v_state from "tasker".tasks t where t.task_id = p_task_id;
  if v_state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot %s a step of task %s: the task is %s', p_verb, p_task_id, v_state);
  end if;
end $$;

CREATE FUNCTION tasker.refuse_move(p_task_id uuid, p_step_no integer, p_verb text, p_state tasker.state, p_hint text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = 'TK002', message = format('cannot %s step %s (%s) of task %s: it is %s', p_verb, p_step_no,
    (select t.name from "tasker".workflow_steps s join "tasker".step_templates t on t.step_template_id = s.step_template_id
     where s.task_id = p_task_id and s.step_no = p_step_no), p_task_id, p_state), hint = coalesce(p_hint, '');
end $$;

CREATE FUNCTION tasker.refuse_unknown_scope(p_namespace text, p_task_name text, p_handler text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_missing text;
begin
  if p_handler is not null then
    if not exists (select from "tasker".lanes l where l.handler = p_handler) then
      v_missing := format('no template names a handler ''%s''', left(p_handler, 300));
    end if;
  elsif not exists (select from "tasker".namespaces n where n.name = p_namespace) then
    v_missing := format('there is no namespace ''%s''', left(p_namespace, 300));
  elsif p_task_name is not null and not exists (
    select from "tasker".named_tasks t join "tasker".namespaces n on n.namespace_id = t.namespace_id
    where n.name = p_namespace and t.name = p_task_name)
  then
    v_missing := format('no template is registered for the task ''%s'' in the namespace ''%s''', left(p_task_name, 300), p_namespace);
  end if;
  if v_missing is not null then
    raise exception using errcode = 'TK006', message = v_missing || ': nothing of it can be paused';
  end if;
end $$;

CREATE FUNCTION tasker.register_template(p_template jsonb, p_force boolean DEFAULT false, p_strict boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_namespace_id int;
  v_task "tasker".named_tasks;
  v_plan "tasker".plans;
  v_answer text;
begin
  insert into "tasker".namespaces (name) values (p_template ->> 'namespace') on conflict do nothing;
  select n.namespace_id into strict v_namespace_id from "tasker".namespaces n where n.name = p_template ->> 'namespace';
  insert into "tasker".named_tasks (namespace_id, name, version, version_order, description, created_at, updated_at)
  values (v_namespace_id, p_template ->> 'name', p_template ->> 'version',
          string_to_array(p_template ->> 'version', '.')::int[], left(p_template ->> 'description', 255), v_now, v_now)
  on conflict do nothing;
  select * into strict v_task from "tasker".named_tasks t
  where t.namespace_id = v_namespace_id and t.name = p_template ->> 'name' and t.version = p_template ->> 'version'
  for update;

  select * into v_plan from "tasker".plans p
  where p.named_task_id = v_task.named_task_id and p.digest = p_template ->> 'digest';
  if v_plan.plan_id is not null and v_plan.plan_id = v_task.plan_id then
    return 'unchanged';
  elsif v_plan.plan_id is not null and not p_force then
    return 'superseded';
  elsif v_task.plan_id is not null and p_strict and not p_force then
    raise exception using errcode = 'TK004', message = format(
      'version %s of %s.%s is registered with other content, and strict_versions is on: give the new content a new version',
      v_task.version, p_template ->> 'namespace', v_task.name);
  end if;
  v_answer := case when v_task.plan_id is null then 'new' else 'replaced' end;

  update "tasker".plans set replaced_at = v_now where plan_id = v_task.plan_id;
  if v_plan.plan_id is null then
    v_plan.plan_id := "tasker".insert_plan(v_task, p_template, v_now);
  else
    update "tasker".plans set replaced_at = null, registered_at = v_now where plan_id = v_plan.plan_id;
  end if;
  update "tasker".named_tasks
  set plan_id = v_plan.plan_id, description = left(p_template ->> 'description', 255), updated_at = v_now
  where named_task_id = v_task.named_task_id;
  return v_answer;
end $$;

CREATE FUNCTION tasker.register_worker(p_name text, p_host text, p_process_id integer, p_runtime text, p_version text, p_handlers text[], p_concurrency integer, p_lease_seconds double precision) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_id bigint;
begin
  insert into "tasker".workers (name, host, process_id, runtime, version, handlers, concurrency, lease_seconds, started_at)
  values (p_name, p_host, p_process_id, p_runtime, p_version, p_handlers, p_concurrency, p_lease_seconds, v_now)
  returning worker_id into v_id;
  insert into "tasker".worker_heartbeats (worker_id, heartbeat_at) values (v_id, v_now);
  return v_id;
end $$;

CREATE FUNCTION tasker.release_steps(p_worker_id bigint, p_task_ids uuid[], p_step_nos integer[], p_claim_nos integer[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_count int;
begin
  perform 1 from (select o.task_id, o.step_no from unnest(p_task_ids, p_step_nos) o(task_id, step_no) order by 1, 2) o
  join "tasker".workflow_steps s on s.task_id = o.task_id and s.step_no = o.step_no
  order by o.task_id, o.step_no for no key update of s;
  perform 1 from (select distinct k from unnest(p_task_ids) k) k(task_id) join "tasker".tasks t on t.task_id = k.task_id
  order by k.task_id for key share of t;
  with released as (
    update "tasker".workflow_steps s
    set state = 'pending', attempts = s.attempts - 1, claim_no = s.claim_no + 1, seq = s.seq + 1, worker_id = null,
        ready_at = case when t.paused_at is null then v_now end, held_at = case when t.paused_at is not null then v_now end
    from unnest(p_task_ids, p_step_nos, p_claim_nos) o(task_id, step_no, claim_no)
    join "tasker".tasks t on t.task_id = o.task_id
    where s.task_id = o.task_id and s.step_no = o.step_no and s.claim_no = o.claim_no and s.state = 'in_progress'
    returning s.task_id, s.step_no, s.seq, s.attempts)
  insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id, metadata)
  select r.task_id, r.step_no, r.seq, 'in_progress', 'pending', r.attempts + 1, v_now, p_worker_id, '{"reason": "released"}' from released r;
  get diagnostics v_count = row_count;
  return v_count;
end $$;

CREATE FUNCTION tasker.remember_roles(p_kinds text[], p_names text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into "tasker".roles as r (kind, name) select k.kind, k.name from unnest(p_kinds, p_names) k(kind, name)
  on conflict (kind) do update set name = excluded.name where r.name <> excluded.name;
end $$;

CREATE FUNCTION tasker.request_digest(p_namespace text, p_name text, p_version text, p_initiator text, p_source_system text, p_reason text, p_bypass_steps text[], p_context jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select sha256(convert_to(jsonb_build_array(p_namespace, p_name, p_version, coalesce(p_initiator, 'unknown'),
    coalesce(p_source_system, 'unknown'), coalesce(p_reason, 'unknown'), coalesce(p_bypass_steps, '{}'), p_context)::text, 'UTF8'))
$$;

CREATE FUNCTION tasker.resolve_step(p_task_id uuid, p_step_no integer, p_results jsonb DEFAULT '{}'::jsonb, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_step "tasker".workflow_steps := "tasker".operate_on_step(p_task_id, p_step_no);
begin
  if v_step.state not in ('pending', 'error') then
    perform "tasker".refuse_move(p_task_id, p_step_no, 'resolve', v_step.state,
      case when v_step.state = 'in_progress' then 'wait until the attempt ends' end);
  end if;
  perform "tasker".refuse_ended_task(p_task_id, 'resolve');
  perform "tasker".set_step(v_step, 'resolved_manually', null, case when p_results is null or p_results = 'null' then '{}' else p_results end,
                          v_now, "tasker".audit('resolve', p_by, p_reason));
  update "tasker".workflow_steps s
  set open_parents = s.open_parents - 1,
      ready_at = case when s.state = 'pending' and s.open_parents = 1 and t.paused_at is null then v_now else s.ready_at end,
      held_at = case when s.state = 'pending' and s.open_parents = 1 and t.paused_at is not null then v_now else s.held_at end
  from "tasker".tasks t
  where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = any (v_step.dependents);
  perform "tasker".settle_tasks(array[p_task_id], v_now, "tasker".audit('resolve', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.resolve_task(p_task_id uuid, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_task "tasker".tasks := "tasker".operate_on_task(p_task_id);
begin
  if v_task.state <> 'error' then
    raise exception using errcode = 'TK002', message = format('cannot resolve task %s: it is %s, and only a task in error is resolved', p_task_id, v_task.state);
  end if;
  perform "tasker".cancel_open_steps(p_task_id, v_now, "tasker".audit('resolve', p_by, 'task_resolved'));
  perform "tasker".move_tasks(array[p_task_id], 'resolved_manually', v_now, "tasker".audit('resolve', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.resume(p_namespace text DEFAULT NULL::text, p_task_name text DEFAULT NULL::text, p_handler text DEFAULT NULL::text, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  lock table "tasker".pauses in share row exclusive mode;
  delete from "tasker".pauses p
  where p.namespace is not distinct from p_namespace and p.task_name is not distinct from p_task_name
    and p.handler is not distinct from p_handler;
  if found then
    insert into "tasker".operator_actions (namespace, task_name, handler, created_at, metadata)
    values (p_namespace, p_task_name, p_handler, "tasker".clock(), "tasker".audit('resume', p_by, p_reason));
  end if;
  perform "tasker".mark_paused_lanes();
end $$;

CREATE FUNCTION tasker.resume_task(p_task_id uuid, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_task "tasker".tasks := "tasker".operate_on_task(p_task_id);
begin
  update "tasker".tasks t set paused_at = null, paused_by = p_by, paused_reason = p_reason where t.task_id = p_task_id;
  -- Never earlier than now: a worker's watermark may have passed the old instant.
  update "tasker".workflow_steps s set ready_at = greatest(s.held_at, v_now), held_at = null
  where s.task_id = p_task_id and s.held_at is not null;
  if v_task.paused_at is not null then
    perform "tasker".keep_action(p_task_id, null, "tasker".audit('resume', p_by, p_reason));
  end if;
end $$;

CREATE FUNCTION tasker.retention_rules(p_rules jsonb) RETURNS tasker.retention_rule[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  v_rules "tasker".retention_rule[];
  v_unknown text;
  v_bad text;
begin
  if jsonb_typeof(p_rules) is distinct from 'array' then
    raise exception using errcode = 'TK003', message = 'the rules of retention are a list of objects';
  end if;
  select string_agg(distinct k, ', ') into v_unknown from jsonb_array_elements(p_rules) r cross join lateral jsonb_object_keys(r) k
  where k not in ('namespace', 'name', 'state', 'older_than_seconds');
  if v_unknown is not null then
    raise exception using errcode = 'TK003',
      message = format('a rule of retention has namespace, name, state and older_than_seconds, not %s', v_unknown);
  end if;
  select array_agg(jsonb_populate_record(null::"tasker".retention_rule, r.rule) order by r.ord) into v_rules
  from jsonb_array_elements(p_rules) with ordinality r(rule, ord);
  select case when r.state in ('pending', 'in_progress') then format('a task that is %s is not finished and never pruned', r.state)
              else format('older_than_seconds must not be negative, but is %s', r.older_than_seconds) end into v_bad
  from unnest(v_rules) r where r.state in ('pending', 'in_progress') or r.older_than_seconds < 0 limit 1;
  if v_bad is not null then
    raise exception using errcode = 'TK003', message = v_bad;
  end if;
  return coalesce(v_rules, '{}');
end $$;

CREATE FUNCTION tasker.retry_step(p_task_id uuid, p_step_no integer, p_reset_attempts boolean DEFAULT false, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_step "tasker".workflow_steps := "tasker".operate_on_step(p_task_id, p_step_no);
begin
  if v_step.state <> 'error' then
    perform "tasker".refuse_move(p_task_id, p_step_no, 'retry', v_step.state);
  end if;
  perform "tasker".refuse_ended_task(p_task_id, 'retry');
  perform "tasker".rearm_step(v_step, p_reset_attempts, v_now, "tasker".audit('retry', p_by, p_reason));
  perform "tasker".settle_tasks(array[p_task_id], v_now, "tasker".audit('retry', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.retry_task(p_task_id uuid, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_task "tasker".tasks := "tasker".operate_on_task(p_task_id);
  v_step "tasker".workflow_steps;
  v_count int := 0;
  v_cancelled text;
begin
  if v_task.state in ('complete', 'cancelled', 'resolved_manually') then
    raise exception using errcode = 'TK002', message = format('cannot retry task %s: it is %s', p_task_id, v_task.state);
  end if;
  for v_step in
    select s.* from "tasker".workflow_steps s
    where s.task_id = p_task_id and s.state = 'error' and s.ready_at is null and s.held_at is null order by s.step_no
  loop
    perform "tasker".rearm_step(v_step, false, v_now, "tasker".audit('retry', p_by, p_reason));
    v_count := v_count + 1;
  end loop;
  if v_count = 0 then
    select string_agg(t.name, ', ' order by s.step_no) into v_cancelled
    from "tasker".workflow_steps s join "tasker".step_templates t on t.step_template_id = s.step_template_id
    where s.task_id = p_task_id and s.state = 'cancelled';
    raise exception using errcode = 'TK002', message = case when v_task.state = 'error' and v_cancelled is not null
      then format('cannot retry task %s: what blocks it was cancelled (%s), and cancelled steps do not run again', p_task_id, v_cancelled)
      else format('cannot retry task %s: it is %s and no step of it failed for good', p_task_id, v_task.state) end;
  end if;
  perform "tasker".settle_tasks(array[p_task_id], v_now, "tasker".audit('retry', p_by, p_reason));
  return v_count;
end $$;

CREATE FUNCTION tasker.revoke_api_key(p_key text, p_by text DEFAULT NULL::text) RETURNS tasker.api_keys
    LANGUAGE plpgsql
    AS $$
declare
  v_key "tasker".api_keys;
begin
  update "tasker".api_keys k set revoked_at = coalesce(k.revoked_at, "tasker".clock()), revoked_by = case when k.revoked_at is null then p_by else k.revoked_by end
  where k.key_id = p_key or k.name = p_key
  returning * into v_key;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no key ''%s''', p_key);
  end if;
  return v_key;
end $$;

CREATE FUNCTION tasker.root_causes(p_task_id uuid, p_numbers integer[], p_reasons tasker.why_reason[]) RETURNS integer[]
    LANGUAGE plpgsql STABLE
    AS $$
declare
  v_roots int[] := array_fill(null::int, array[greatest(cardinality(p_numbers), 1)]);
  v_edges int[];                      -- the dependents of all steps, step after step
  v_ends int[];                       -- up to which edge those of a step go
  v_source int;
  v_queue int[];
  v_head int;
  v_tail int;
  v_from int;
  v_next int;
begin
  if not 'dependency' = any (p_reasons) then
    return v_roots;
  end if;
  -- Step numbers count from 1 without a gap: a step's place in the arrays is its number.
  select array_agg(x.last order by x.step_no) into v_ends
  from (select s.step_no, (sum(coalesce(cardinality(s.dependents), 0)) over (order by s.step_no))::int as last
        from "tasker".workflow_steps s where s.task_id = p_task_id) x;
  select array_agg(d.step_no order by s.step_no) into v_edges
  from "tasker".workflow_steps s cross join lateral unnest(s.dependents) d(step_no) where s.task_id = p_task_id;
  for v_source in
    select u.step_no from unnest(p_numbers, p_reasons) u(step_no, reason)
    where u.reason < 'dependency' order by u.reason desc, u.step_no
  loop
    v_queue := array[v_source];
    v_head := 1;
    v_tail := 1;
    while v_head <= v_tail loop
      v_from := case when v_queue[v_head] = 1 then 1 else v_ends[v_queue[v_head] - 1] + 1 end;
      for v_edge in v_from .. v_ends[v_queue[v_head]] loop
        v_next := v_edges[v_edge];
        if p_reasons[v_next] = 'dependency' and v_roots[v_next] is null then
          v_roots[v_next] := v_source;
          v_tail := v_tail + 1;
          v_queue[v_tail] := v_next;
        end if;
      end loop;
      v_head := v_head + 1;
    end loop;
  end loop;
  return v_roots;
end $$;

CREATE FUNCTION tasker.scaled(p_base double precision, p_factor double precision, p_times integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when p_times <= 0 or p_base = 0 then p_base
              when p_factor = 0 then 0
              when ln(p_base::numeric) + p_times * ln(p_factor::numeric) > 34 then 1e15
              else p_base * power(p_factor, p_times) end
$$;

CREATE FUNCTION tasker.search_attribute(p_value jsonb, OUT text_value text, OUT number_value numeric) RETURNS record
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

CREATE FUNCTION tasker.set_step(p_step tasker.workflow_steps, p_to tasker.state, p_ready timestamp with time zone, p_results jsonb, p_now timestamp with time zone, p_metadata jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update "tasker".workflow_steps s
  set state = p_to, seq = s.seq + 1, results = coalesce(p_results, s.results),
      claim_no = s.claim_no + (p_step.state = 'in_progress')::int,
      ended_at = case when p_to = 'pending' then s.ended_at else p_now end,
      ready_at = case when t.paused_at is null then p_ready end, held_at = case when t.paused_at is not null then p_ready end
  from "tasker".tasks t
  where t.task_id = s.task_id and s.task_id = p_step.task_id and s.step_no = p_step.step_no;
  insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, metadata)
  values (p_step.task_id, p_step.step_no, p_step.seq + 1, p_step.state, p_to, p_step.attempts, p_now, p_metadata);
end $$;

CREATE FUNCTION tasker.settle_tasks(p_task_ids uuid[], p_now timestamp with time zone, p_metadata jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_task record;
  v_target "tasker".state;
begin
  for v_task in
    select t.task_id, t.state,
           exists (select from "tasker".workflow_steps s where s.task_id = t.task_id
                   and (s.state = 'in_progress' or s.ready_at is not null or s.held_at is not null)) as alive,
           not exists (select from "tasker".workflow_steps s where s.task_id = t.task_id
                       and s.state not in ('complete', 'resolved_manually')) as done
    from "tasker".tasks t where t.task_id = any (p_task_ids) and t.state in ('pending', 'in_progress', 'error')
    order by t.task_id
  loop
    v_target := case when v_task.done then 'complete'
                     when not v_task.alive then 'error'
                     when v_task.state = 'pending' then 'pending'
                     else 'in_progress' end;
    continue when v_target = v_task.state;
    if v_task.state = 'error' then
      perform "tasker".move_tasks(array[v_task.task_id], 'pending', p_now, p_metadata);
      perform "tasker".move_tasks(array[v_task.task_id], 'in_progress', p_now, p_metadata);
    elsif v_task.state = 'pending' and v_target = 'complete' then
      perform "tasker".move_tasks(array[v_task.task_id], 'in_progress', p_now, p_metadata);
    end if;
    if v_target <> 'in_progress' or v_task.state = 'pending' then
      perform "tasker".move_tasks(array[v_task.task_id], v_target, p_now, p_metadata);
    end if;
  end loop;
end $$;

CREATE FUNCTION tasker.sibling_lane(p_lane_id integer, p_priority integer, p_mode integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  v_lane "tasker".lanes;
begin
  select * into strict v_lane from "tasker".lanes l where l.lane_id = p_lane_id;
  if coalesce(p_priority, v_lane.priority) = v_lane.priority and coalesce(p_mode, v_lane.mode) = v_lane.mode then
    return p_lane_id;
  end if;
  return "tasker".lane(v_lane.namespace_id, v_lane.task_name, v_lane.handler,
                     coalesce(p_priority, v_lane.priority), coalesce(p_mode, v_lane.mode));
end $$;

CREATE FUNCTION tasker.start_tasks(p_task_ids uuid[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_pending uuid[];
begin
  select array_agg(x.task_id) into v_pending from (
    select t.task_id from unnest(p_task_ids) k(task_id) join "tasker".tasks t on t.task_id = k.task_id
    where t.state = 'pending' order by t.task_id for no key update of t) x;
  if v_pending is not null then
    with started as (
      update "tasker".tasks t set state = 'in_progress', started_at = coalesce(t.started_at, p_now), seq = t.seq + 1
      from unnest(v_pending) k(task_id) where t.task_id = k.task_id
      returning t.task_id, t.seq)
    insert into "tasker".task_transitions (task_id, seq, from_state, to_state, created_at)
    select s.task_id, s.seq, 'pending', 'in_progress', p_now from started s;
  end if;
end $$;

CREATE FUNCTION tasker.stop_worker(p_worker_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  perform 1 from "tasker".workers w where w.worker_id = p_worker_id and w.state in ('alive', 'draining') for update;
  if not found then
    return;
  elsif exists (select from "tasker".held_steps(p_worker_id)) then
    update "tasker".workers w set state = 'draining' where w.worker_id = p_worker_id;
    update "tasker".worker_heartbeats h set heartbeat_at = '-infinity', idle = false where h.worker_id = p_worker_id;
    return;
  end if;
  update "tasker".workers w set state = 'stopped', stopped_at = "tasker".clock() where w.worker_id = p_worker_id;
  update "tasker".worker_heartbeats h set idle = false, oldest_running = null where h.worker_id = p_worker_id;
  delete from "tasker".worker_claims c where c.worker_id = p_worker_id;
end $$;

CREATE FUNCTION tasker.tag_keys(p_tags text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
begin
  if octet_length(array_to_string(p_tags, '')) <= 128 then
    return p_tags;
  end if;
  return array(select left(t, 128) from unnest(p_tags) t);
end $$;

CREATE FUNCTION tasker.take_steps(p_worker_id bigint, p_lanes integer[], p_marks timestamp with time zone[], p_limit integer, p_room integer, p_now timestamp with time zone, p_until timestamp with time zone, p_task_ids uuid[]) RETURNS tasker.flush_row[]
    LANGUAGE plpgsql
    AS $$
declare
  v_tasks uuid[];
  v_steps int[];
  v_states "tasker".state[];
  v_ready timestamptz[];
  v_claims "tasker".flush_row[];
begin
  if p_task_ids is null then
    select array_agg(x.task_id), array_agg(x.step_no), array_agg(x.state), array_agg(x.ready_at) into v_tasks, v_steps, v_states, v_ready
    from (
      select y.* from unnest(p_lanes, p_marks) l(lane_id, mark)
      cross join lateral (
        select s.task_id, s.step_no, s.state, s.ready_at from "tasker".workflow_steps s
        where s.lane_id = l.lane_id and s.ready_at >= l.mark and s.ready_at <= p_until
        order by s.ready_at limit p_limit
        for no key update skip locked) y
      limit p_room) x;
  else
    select array_agg(x.task_id), array_agg(x.step_no), array_agg(x.state), array_agg(x.ready_at) into v_tasks, v_steps, v_states, v_ready
    from (
      select s.task_id, s.step_no, s.state, s.ready_at
      from unnest(p_task_ids) k(task_id) join "tasker".workflow_steps s on s.task_id = k.task_id
      where s.lane_id = any (p_lanes) and s.ready_at <= p_until
      order by s.ready_at, s.task_id, s.step_no limit least(p_limit, p_room)
      for no key update of s skip locked) x;
  end if;
  if v_tasks is null then
    return null;
  end if;

  with claimed as (
    update "tasker".workflow_steps s
    set state = 'in_progress', ready_at = null, claim_no = s.claim_no + 1, attempts = s.attempts + 1, worker_id = p_worker_id,
        last_attempted_at = p_now, seq = s.seq + case when p.state = 'error' then 2 else 1 end
    from unnest(v_tasks, v_steps, v_states, v_ready) p(task_id, step_no, state, ready_at)
    where s.task_id = p.task_id and s.step_no = p.step_no
    returning s.task_id, s.step_no, s.claim_no, s.attempts, s.step_template_id, s.lane_id, s.seq, s.inputs, s.parent_count,
              p.state, p.ready_at),
  trail as (
    insert into "tasker".workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, worker_id)
    select c.task_id, c.step_no, c.seq - 1, 'error'::"tasker".state, 'pending'::"tasker".state, c.attempts - 1, p_now, null::bigint
    from claimed c where c.state = 'error'
    union all
    select c.task_id, c.step_no, c.seq, 'pending', 'in_progress', c.attempts, p_now, p_worker_id from claimed c)
  select array_agg(row('claimed', c.task_id, c.step_no, c.claim_no, c.attempts, c.step_template_id, c.lane_id, null, c.ready_at,
                       null, null, c.inputs::text, case when c.parent_count > 0 then '' end)::"tasker".flush_row)
  into v_claims from claimed c;
  return v_claims;
end $$;

CREATE FUNCTION tasker.task_state(p_task_id uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select t.state from "tasker".tasks t where t.task_id = p_task_id);
end $$;

CREATE FUNCTION tasker.trail_partitions() RETURNS TABLE(parent text, partition text, from_id uuid, to_id uuid, from_at timestamp with time zone, to_at timestamp with time zone, bytes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select p.relname::text, c.relname::text, b.ids[1]::uuid, b.ids[2]::uuid, "tasker".range_time(b.ids[1]::uuid), "tasker".range_time(b.ids[2]::uuid),
         pg_total_relation_size(c.oid)
  from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
  cross join lateral (
    select regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([0-9a-f-]+)''\) TO \(''([0-9a-f-]+)''\)') as ids) b
  where p.oid in ('"tasker".workflow_step_transitions'::regclass, '"tasker".task_transitions'::regclass) and b.ids is not null
  order by 3, 1
$$;

CREATE FUNCTION tasker.update_step(p_task_id uuid, p_step_no integer, p_retry_limit integer DEFAULT NULL::integer, p_inputs jsonb DEFAULT NULL::jsonb, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_now timestamptz := "tasker".clock();
  v_step "tasker".workflow_steps := "tasker".operate_on_step(p_task_id, p_step_no);
  v_before constant jsonb := jsonb_build_object('retry_limit', v_step.retry_limit, 'inputs', v_step.inputs);
  v_template "tasker".step_templates;
  v_waits boolean := v_step.ready_at is not null or v_step.held_at is not null;
  v_again boolean;
begin
  if p_retry_limit not between 1 and 32767 then
    raise exception using errcode = 'TK003', message = format(
      'retry_limit counts executions and is at least 1 (one execution, no retry) and at most 32767, not %s', p_retry_limit);
  elsif p_inputs is not null and jsonb_typeof(p_inputs) <> 'object' then
    raise exception using errcode = 'TK003', message = format('inputs must be a JSON object, not %s', jsonb_typeof(p_inputs));
  elsif v_step.state in ('complete', 'cancelled', 'resolved_manually') then
    perform "tasker".refuse_move(p_task_id, p_step_no, 'update', v_step.state);
  end if;
  perform "tasker".refuse_ended_task(p_task_id, 'update');
  select * into strict v_template from "tasker".step_templates t where t.step_template_id = v_step.step_template_id;

  update "tasker".workflow_steps s
  set retry_limit = coalesce(p_retry_limit, s.retry_limit), inputs = coalesce(p_inputs, s.inputs),
      lane_id = case when s.state = 'in_progress' then s.lane_id else "tasker".sibling_lane(s.lane_id, null,
        "tasker".claim_mode(s.attempts, coalesce(p_retry_limit, s.retry_limit), s.worker_losses, 3)) end
  where s.task_id = p_task_id and s.step_no = p_step_no;
  select * into strict v_step from "tasker".workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no;
  perform "tasker".keep_action(p_task_id, p_step_no, "tasker".audit('update_step', p_by, p_reason),
    "tasker".changes(v_before, jsonb_build_object('retry_limit', v_step.retry_limit, 'inputs', v_step.inputs)));

  v_again := v_template.retryable and coalesce((v_step.results ->> 'retryable')::boolean, true)
    and (v_step.attempts < v_step.retry_limit or (v_step.results ->> 'error_code' = 'worker_lost' and v_step.retry_limit > 1) is true);
  if v_step.state = 'error' and v_waits <> v_again then
    update "tasker".workflow_steps s
    set ready_at = case when v_again and t.paused_at is null then v_now end,
        held_at = case when v_again and t.paused_at is not null then v_now end
    from "tasker".tasks t where t.task_id = p_task_id and s.task_id = p_task_id and s.step_no = p_step_no;
  end if;
  perform "tasker".settle_tasks(array[p_task_id], v_now, "tasker".audit('update_step', p_by, p_reason));
end $$;

CREATE FUNCTION tasker.update_task(p_task_id uuid, p_reason text DEFAULT NULL::text, p_tags text[] DEFAULT NULL::text[], p_priority integer DEFAULT NULL::integer, p_by text DEFAULT NULL::text, p_because text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_before jsonb;
  v_changed jsonb;
begin
  if p_priority not between 0 and 9 then
    raise exception using errcode = 'TK003', message = format('priority is 0 (first) to 9 (last), not %s', p_priority);
  end if;
  if p_priority is not null then
    perform 1 from "tasker".workflow_steps s where s.task_id = p_task_id order by s.step_no for no key update;
    update "tasker".workflow_steps s set lane_id = "tasker".sibling_lane(s.lane_id, p_priority, null)
    where s.task_id = p_task_id and s.state in ('pending', 'error');
  end if;
  select jsonb_build_object('reason', t.reason, 'tags', t.tags, 'priority', t.priority) into v_before
  from "tasker".tasks t where t.task_id = p_task_id for no key update;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  update "tasker".tasks t
  set reason = coalesce(p_reason, t.reason), tags = coalesce(p_tags, t.tags), priority = coalesce(p_priority, t.priority)
  where t.task_id = p_task_id
  returning "tasker".changes(v_before, jsonb_build_object('reason', t.reason, 'tags', t.tags, 'priority', t.priority)) into v_changed;
  if v_changed is not null then
    perform "tasker".keep_action(p_task_id, null, "tasker".audit('update_task', p_by, p_because), v_changed);
  end if;
end $$;

CREATE FUNCTION tasker.uuid_at(p_at timestamp with time zone) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select (lpad(to_hex(greatest((extract(epoch from p_at) * 1000)::bigint, 0)), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION tasker.uuid_v7() RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  v_ms bigint := (extract(epoch from "tasker".clock()) * 1000)::bigint;
  v_bytes bytea := substring(int8send(v_ms) from 3) || substring(uuid_send(gen_random_uuid()) from 7);
begin
  v_bytes := set_byte(v_bytes, 6, (get_byte(v_bytes, 6) & 15) | 112);
  return encode(v_bytes, 'hex')::uuid;
end $$;

CREATE FUNCTION tasker.uuid_v7_time(p_id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select case when substring(p_id::text from 15 for 1) = '7'
    then to_timestamp(('x' || translate(substring(p_id::text for 13), '-', ''))::bit(48)::bigint / 1000.0) end
$$;

CREATE FUNCTION tasker.why(p_task_id uuid, p_step_no integer DEFAULT NULL::integer) RETURNS TABLE(task_id uuid, step_no integer, name text, handler text, state text, reason text, since timestamp with time zone, next_at timestamp with time zone, blocked_by_step_no integer, blocked_by text, blocked_by_reason text, attempts integer, retry_limit integer, detail jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := "tasker".clock();
  v_task record;
  v_served text[];                    -- handlers that a live worker has which asks for work
  v_hung text[];                      -- handlers that a live worker has whose own code has stopped asking
  v_numbers int[];
  v_reasons "tasker".why_reason[];
  v_roots int[];
  v_lead int;
  v_ended boolean;                    -- nothing but a cancellation can follow
begin
  select t.*, n.name as task_name, s.name as namespace into v_task
  from "tasker".tasks t join "tasker".named_tasks n on n.named_task_id = t.named_task_id
  join "tasker".namespaces s on s.namespace_id = n.namespace_id
  where t.task_id = p_task_id;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  elsif p_step_no is not null
        and not exists (select from "tasker".workflow_steps s where s.task_id = p_task_id and s.step_no = p_step_no) then
    raise exception using errcode = 'TK006', message = format('task %s has no step %s', p_task_id, p_step_no);
  end if;

  -- A worker whose language hangs still beats, and says so by not moving last_polled_at.
  select coalesce(array_agg(distinct h.handler) filter (where h.asks), '{}'),
         coalesce(array_agg(distinct h.handler) filter (where not h.asks), '{}')
  into v_served, v_hung
  from (select unnest(w.handlers) as handler, coalesce(b.last_polled_at, w.started_at) >= b.heartbeat_at as asks
        from "tasker".workers w join "tasker".worker_heartbeats b on b.worker_id = w.worker_id
        where w.stopped_at is null and w.state = 'alive' and b.heartbeat_at + make_interval(secs => w.lease_seconds) >= v_now) h;

  select array_agg(x.step_no order by x.step_no), array_agg(x.reason order by x.step_no) into v_numbers, v_reasons
  from (
    select s.step_no, (case
      when s.state in ('complete', 'resolved_manually') then 'finished'
      when s.state = 'cancelled' then 'cancelled'
      when s.state = 'in_progress' then
        case when w.worker_id is null or w.state not in ('alive', 'draining')
                  or b.heartbeat_at + make_interval(secs => w.lease_seconds) < v_now then 'worker_lost'
             when s.last_attempted_at + make_interval(secs => t.timeout_seconds) < v_now then 'stuck'
             else 'running' end
      when s.held_at is not null or (s.ready_at is not null and l.paused) then 'paused'
      when s.ready_at > v_now then 'backoff'
      when s.ready_at is not null then
        case when not t.handler = any (v_served) then case when t.handler = any (v_hung) then 'worker_hangs' else 'no_worker' end
             when l.mode = 2 then 'waits_alone' when l.mode = 1 then 'waits_for_slot' else 'ready' end
      when s.state = 'error' then
        case when s.results ->> 'error_code' = 'poison_pill' then 'quarantined'
             when (s.results ->> 'retryable')::boolean then 'exhausted' else 'permanent_failure' end
      when s.open_parents > 0 then 'dependency'
      else 'stranded' end)::"tasker".why_reason as reason
    from "tasker".workflow_steps s
    join "tasker".step_templates t on t.step_template_id = s.step_template_id
    join "tasker".lanes l on l.lane_id = s.lane_id
    left join "tasker".workers w on s.state = 'in_progress' and w.worker_id = s.worker_id
    left join "tasker".worker_heartbeats b on b.worker_id = w.worker_id
    where s.task_id = p_task_id) x;
  v_roots := "tasker".root_causes(p_task_id, v_numbers, v_reasons);
  v_reasons := array(
    select case when u.reason <> 'dependency' then u.reason
                when r.reason in ('exhausted', 'permanent_failure', 'quarantined') then 'failed_upstream'
                when r.reason = 'cancelled' then 'cancelled_upstream' else u.reason end
    from unnest(v_reasons, v_roots) with ordinality u(reason, root, place)
    left join unnest(v_numbers, v_reasons) r(step_no, reason) on r.step_no = u.root
    order by u.place);

  if p_step_no is null then
    v_ended := v_task.state in ('complete', 'resolved_manually', 'cancelled');
    v_lead := (select u.step_no from unnest(v_numbers, v_reasons) u(step_no, reason)
               where u.reason < 'dependency' order by u.reason, u.step_no limit 1);
    return query
    select p_task_id, null::int, v_task.task_name::text, null::text, v_task.state::text,
           case when v_task.state = 'cancelled' then 'cancelled' when v_ended then 'finished' else coalesce(f.reason, 'stranded') end,
           case when v_ended then v_task.completed_at else f.since end, f.next_at, f.step_no, f.name, f.reason, null::int, null::int,
           coalesce(f.detail, '{}') || jsonb_build_object('counts', (
             select jsonb_object_agg(c.reason, c.count) from (select u.reason, count(*) from unnest(v_reasons) u(reason) group by 1) c))
    from (select) one
    left join lateral "tasker".why_of_step(v_task.namespace, v_task.task_name, p_task_id, v_lead, v_reasons[v_lead], null, null) f
      on not v_ended;
  end if;
  return query
  select f.* from unnest(v_numbers, v_reasons, v_roots) u(step_no, reason, root)
  left join unnest(v_numbers, v_reasons) r(step_no, reason) on r.step_no = u.root
  cross join lateral "tasker".why_of_step(v_task.namespace, v_task.task_name, p_task_id, u.step_no, u.reason, u.root, r.reason,
                                        p_step_no is not null) f
  where p_step_no is null or u.step_no = p_step_no
  order by u.step_no;
end $$;

CREATE FUNCTION tasker.why_of_step(p_namespace text, p_task_name text, p_task_id uuid, p_step_no integer, p_reason tasker.why_reason, p_root integer, p_root_reason tasker.why_reason, p_count boolean DEFAULT false) RETURNS TABLE(task_id uuid, step_no integer, name text, handler text, state text, reason text, since timestamp with time zone, next_at timestamp with time zone, blocked_by_step_no integer, blocked_by text, blocked_by_reason text, attempts integer, retry_limit integer, detail jsonb)
    LANGUAGE sql STABLE
    AS $$
  select s.task_id, s.step_no, t.name::text, t.handler, s.state::text, p_reason::text,
    case when p_reason in ('ready', 'waits_for_slot', 'waits_alone', 'worker_hangs', 'no_worker') then s.ready_at
         when p_reason in ('running', 'stuck') then s.last_attempted_at
         when p_reason = 'worker_lost' then b.heartbeat_at
         when p_reason = 'paused' then p.since
         when p_reason = 'dependency' then k.created_at
         when p_reason in ('cancelled_upstream', 'failed_upstream') then r.ended_at
         else coalesce(s.ended_at, k.created_at) end,
    case when p_reason in ('ready', 'waits_for_slot', 'waits_alone', 'worker_hangs', 'no_worker', 'backoff', 'paused')
           then coalesce(s.ready_at, s.held_at)
         when p_reason = 'worker_lost' then b.heartbeat_at + make_interval(secs => w.lease_seconds) end,
    p_root, rt.name::text, p_root_reason::text, s.attempts, s.retry_limit,
    jsonb_strip_nulls(jsonb_build_object(
      'worker', case when p_reason in ('running', 'stuck', 'worker_lost') and w.worker_id is not null then jsonb_build_object(
        'worker_id', w.worker_id, 'name', w.name, 'host', w.host, 'process_id', w.process_id, 'heartbeat_at', b.heartbeat_at) end,
      'deadline_at', case when p_reason in ('running', 'stuck') then s.last_attempted_at + make_interval(secs => t.timeout_seconds) end,
      'pauses', case when p_reason = 'paused' then p.pauses end,
      'failure', case when s.state = 'error' then jsonb_build_object('error', s.results -> 'error', 'error_code', s.results -> 'error_code',
        'error_class', s.results -> 'error_class') end,
      'hanging', case when p_reason = 'worker_hangs' then (
        select jsonb_agg(jsonb_build_object('worker_id', h.worker_id, 'name', h.name, 'host', h.host, 'process_id', h.process_id,
          'last_polled_at', x.last_polled_at, 'oldest_running', x.oldest_running) order by h.worker_id)
        from "tasker".workers h join "tasker".worker_heartbeats x on x.worker_id = h.worker_id
        where h.stopped_at is null and h.state = 'alive' and t.handler = any (h.handlers)) end,
      'ahead', case when p_count and p_reason in ('ready', 'waits_for_slot', 'waits_alone') then (
        select count(*) from (
          select from "tasker".workflow_steps a where a.lane_id = s.lane_id and a.ready_at < s.ready_at limit 1000) a) end,
      'operator', case when p_reason = 'cancelled' then (
        select x.metadata from "tasker".workflow_step_transitions x
        where x.task_id = s.task_id and x.step_no = s.step_no and x.seq = s.seq) end))
  from "tasker".workflow_steps s
  join "tasker".tasks k on k.task_id = s.task_id
  join "tasker".step_templates t on t.step_template_id = s.step_template_id
  left join "tasker".workers w on p_reason in ('running', 'stuck', 'worker_lost') and w.worker_id = s.worker_id
  left join "tasker".worker_heartbeats b on b.worker_id = w.worker_id
  left join "tasker".workflow_steps r on r.task_id = p_task_id and r.step_no = p_root
  left join "tasker".step_templates rt on rt.step_template_id = r.step_template_id
  left join lateral (
    select jsonb_agg(jsonb_strip_nulls(to_jsonb(x)) order by x.since) as pauses, min(x.since) as since from (
      select 'task' as scope, null::text as name, k.paused_at as since, k.paused_by as by, k.paused_reason as reason where k.paused_at is not null
      union all
      select case when q.handler is not null then 'handler' when q.task_name is not null then 'named_task' else 'namespace' end,
             coalesce(q.handler, q.namespace || '.' || q.task_name, q.namespace), q.paused_at, q.paused_by, q.reason
      from "tasker".pauses q
      where (q.namespace is null or q.namespace = p_namespace) and (q.task_name is null or q.task_name = p_task_name)
        and (q.handler is null or q.handler = t.handler)) x) p on p_reason = 'paused'
  where s.task_id = p_task_id and s.step_no = p_step_no
$$;

CREATE FUNCTION tasker.with_parent_results(p_claims tasker.flush_row[]) RETURNS tasker.flush_row[]
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if not exists (select from unnest(p_claims) c where c.dependencies is not null) then
    return p_claims;
  end if;
  return (
    select array_agg(row(c.status, c.task_id, c.step_no, c.claim_no, c.attempt, c.step_template_id, c.lane_id, c.batch, c.ready_at,
                         c.unvalidated, c.context, c.inputs, d.results)::"tasker".flush_row order by c.ordinality)
    from unnest(p_claims) with ordinality c
    cross join lateral (
      select case when sum(pg_column_size(p.results)) <= 65536
             then '{' || string_agg('"' || p.step_no || '":' || coalesce(p.results::text, 'null'), ',') || '}' end as results
      from "tasker".step_templates t
      cross join lateral unnest(t.parents) k(step_no)
      cross join lateral (select s.step_no, s.results from "tasker".workflow_steps s
                          where s.task_id = c.task_id and s.step_no = k.step_no offset 0) p
      where c.dependencies is not null and t.step_template_id = c.step_template_id) d);
end $$;

ALTER TABLE tasker.annotation_types ALTER COLUMN annotation_type_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.annotation_types_annotation_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.dependent_system_object_maps (
    dependent_system_object_map_id bigint NOT NULL,
    dependent_system_one_id integer NOT NULL,
    dependent_system_two_id integer NOT NULL,
    remote_id_one character varying(128) NOT NULL,
    remote_id_two character varying(128) NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tasker.dependent_system_object_maps ALTER COLUMN dependent_system_object_map_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.dependent_system_object_maps_dependent_system_object_map_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.dependent_systems (
    dependent_system_id integer NOT NULL,
    name character varying(64) NOT NULL,
    description character varying(255),
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tasker.dependent_systems ALTER COLUMN dependent_system_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.dependent_systems_dependent_system_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.lanes (
    lane_id integer NOT NULL,
    namespace_id integer NOT NULL,
    task_name character varying(64) NOT NULL,
    handler text NOT NULL,
    priority smallint NOT NULL,
    mode smallint NOT NULL,
    tenant text,
    limit_key text,
    paused boolean DEFAULT false NOT NULL,
    CONSTRAINT lanes_mode_check CHECK (((mode >= 0) AND (mode <= 2))),
    CONSTRAINT lanes_priority_check CHECK (((priority >= 0) AND (priority <= 9)))
);

ALTER TABLE tasker.lanes ALTER COLUMN lane_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.lanes_lane_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.maintenance (
    name text NOT NULL,
    next_due_at timestamp with time zone NOT NULL,
    last_run_at timestamp with time zone,
    cursor uuid
)
WITH (fillfactor='50');

CREATE TABLE tasker.named_steps (
    named_step_id integer NOT NULL,
    dependent_system_id integer NOT NULL,
    name character varying(128) NOT NULL,
    description character varying(255),
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tasker.named_steps ALTER COLUMN named_step_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.named_steps_named_step_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.step_templates (
    step_template_id integer NOT NULL,
    plan_id integer NOT NULL,
    step_no integer NOT NULL,
    named_step_id integer NOT NULL,
    name character varying(128) NOT NULL,
    handler text NOT NULL,
    lane_id integer NOT NULL,
    parents integer[] NOT NULL,
    dependents integer[],
    retryable boolean NOT NULL,
    retry_limit integer NOT NULL,
    skippable boolean NOT NULL,
    priority smallint NOT NULL,
    timeout_seconds double precision,
    retry jsonb,
    config jsonb
);

CREATE VIEW tasker.named_tasks_named_steps AS
 SELECT t.named_task_id,
    s.named_step_id,
    s.skippable,
    s.retryable AS default_retryable,
    s.retry_limit AS default_retry_limit
   FROM (tasker.named_tasks t
     JOIN tasker.step_templates s ON ((s.plan_id = t.plan_id)));

ALTER TABLE tasker.named_tasks ALTER COLUMN named_task_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.named_tasks_named_task_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.namespaces (
    namespace_id integer NOT NULL,
    name character varying(64) NOT NULL,
    description character varying(255),
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tasker.namespaces ALTER COLUMN namespace_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.namespaces_namespace_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.operator_actions (
    action_id bigint NOT NULL,
    task_id uuid,
    step_no integer,
    namespace text,
    task_name text,
    handler text,
    created_at timestamp with time zone NOT NULL,
    metadata jsonb NOT NULL
);

ALTER TABLE tasker.operator_actions ALTER COLUMN action_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.operator_actions_action_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.pauses (
    pause_id integer NOT NULL,
    namespace text,
    task_name text,
    handler text,
    paused_at timestamp with time zone NOT NULL,
    paused_by text,
    reason text
);

ALTER TABLE tasker.pauses ALTER COLUMN pause_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.pauses_pause_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.plans (
    plan_id integer NOT NULL,
    named_task_id integer NOT NULL,
    digest text NOT NULL,
    configuration jsonb NOT NULL,
    schema jsonb,
    searchable text[] DEFAULT '{}'::text[] NOT NULL,
    step_count integer NOT NULL,
    sink_count integer NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    replaced_at timestamp with time zone
);

ALTER TABLE tasker.plans ALTER COLUMN plan_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.plans_plan_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.roles (
    kind text NOT NULL,
    name name NOT NULL,
    CONSTRAINT roles_kind_check CHECK ((kind = ANY (ARRAY['enqueue'::text, 'work'::text, 'operate'::text])))
);

CREATE TABLE tasker.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    oldest_code integer DEFAULT 0 NOT NULL
);

CREATE VIEW tasker.workflow_step_edges AS
 SELECT s.task_id,
    s.step_no AS from_step_id,
    d.step_no AS to_step_id,
    'provides'::text AS name
   FROM (tasker.workflow_steps s
     CROSS JOIN LATERAL unnest(s.dependents) d(step_no));

CREATE VIEW tasker.step_dag_relationships AS
 SELECT s.step_no AS workflow_step_id,
    s.task_id,
    t.named_step_id,
    to_jsonb(ARRAY( SELECT e.from_step_id
           FROM tasker.workflow_step_edges e
          WHERE ((e.task_id = s.task_id) AND (e.to_step_id = s.step_no))
          ORDER BY e.from_step_id)) AS parent_step_ids,
    to_jsonb(COALESCE(s.dependents, '{}'::integer[])) AS child_step_ids,
    s.parent_count,
    COALESCE(cardinality(s.dependents), 0) AS child_count,
    (s.parent_count = 0) AS is_root_step,
    (s.dependents IS NULL) AS is_leaf_step
   FROM (tasker.workflow_steps s
     JOIN tasker.step_templates t ON ((t.step_template_id = s.step_template_id)));

ALTER TABLE tasker.step_templates ALTER COLUMN step_template_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.step_templates_step_template_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE tasker.task_annotations ALTER COLUMN task_annotation_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.task_annotations_task_annotation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.task_identities (
    scope text NOT NULL,
    digest bytea NOT NULL,
    task_id uuid NOT NULL,
    request_digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);

CREATE TABLE tasker.task_transitions (
    task_id uuid NOT NULL,
    seq integer NOT NULL,
    from_state tasker.state,
    to_state tasker.state NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    created_at timestamp with time zone NOT NULL,
    metadata jsonb
)
PARTITION BY RANGE (task_id);

CREATE VIEW tasker.task_records AS
 SELECT t.task_id,
    t.named_task_id,
    t.plan_id,
    t.total_steps,
    t.priority,
    t.created_at,
    t.requested_at,
    t.state,
    t.open_sinks,
    t.seq,
    t.irregular,
    t.unvalidated,
    t.started_at,
    t.completed_at,
    t.paused_at,
    t.paused_by,
    t.paused_reason,
    t.initiator,
    t.source_system,
    t.reason,
    t.tags,
    t.bypass_steps,
    t.context,
    t.tenant,
    t.queue,
    t.root_task_id,
    t.parent_task_id,
    t.parent_step_no,
    t.deadline_at,
    t.traceparent,
    t.request_digest,
    (t.state = ANY (ARRAY['complete'::tasker.state, 'resolved_manually'::tasker.state])) AS complete,
    COALESCE(( SELECT r.created_at
           FROM tasker.task_transitions r
          WHERE ((r.task_id = t.task_id) AND (r.seq = t.seq))), t.created_at) AS updated_at
   FROM tasker.tasks t;

CREATE TABLE tasker.task_search_attributes (
    task_id uuid NOT NULL,
    name character varying(64) NOT NULL,
    text_value text,
    number_value numeric,
    time_value timestamp with time zone
);

CREATE VIEW tasker.task_transition_log AS
 SELECT t.task_id,
    t.seq AS sort_key,
    t.from_state,
    t.to_state,
    COALESCE(t.metadata, '{}'::jsonb) AS metadata,
    t.created_at,
    (t.seq = k.seq) AS most_recent
   FROM (tasker.task_transitions t
     JOIN tasker.tasks k ON ((k.task_id = t.task_id)))
UNION ALL
 SELECT k.task_id,
    0 AS sort_key,
    NULL::tasker.state AS from_state,
    'pending'::tasker.state AS to_state,
    '{}'::jsonb AS metadata,
    k.created_at,
    (k.seq = 0) AS most_recent
   FROM tasker.tasks k;

CREATE TABLE tasker.task_transitions_default (
    task_id uuid NOT NULL,
    seq integer NOT NULL,
    from_state tasker.state,
    to_state tasker.state NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    created_at timestamp with time zone NOT NULL,
    metadata jsonb
)
WITH (autovacuum_vacuum_insert_scale_factor='0.1', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');

CREATE TABLE tasker.worker_claims (
    worker_id bigint NOT NULL,
    batch bigint NOT NULL,
    task_ids uuid[] NOT NULL,
    step_nos integer[] NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.1', autovacuum_vacuum_threshold='500', autovacuum_vacuum_cost_delay='0');

ALTER TABLE tasker.worker_claims ALTER COLUMN batch ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.worker_claims_batch_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.worker_heartbeats (
    worker_id bigint NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    last_polled_at timestamp with time zone,
    oldest_running jsonb,
    idle boolean DEFAULT false NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.1', autovacuum_vacuum_threshold='200');

CREATE TABLE tasker.workers (
    worker_id bigint NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    process_id integer NOT NULL,
    runtime text NOT NULL,
    version text,
    handlers text[] NOT NULL,
    concurrency integer NOT NULL,
    lease_seconds double precision NOT NULL,
    state text DEFAULT 'alive'::text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    stopped_at timestamp with time zone,
    CONSTRAINT workers_state_check CHECK ((state = ANY (ARRAY['alive'::text, 'draining'::text, 'stopped'::text, 'dead'::text])))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.1', autovacuum_vacuum_threshold='200');

ALTER TABLE tasker.workers ALTER COLUMN worker_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasker.workers_worker_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tasker.workflow_step_transitions (
    task_id uuid NOT NULL,
    step_no integer NOT NULL,
    seq integer NOT NULL,
    from_state tasker.state,
    to_state tasker.state NOT NULL,
    attempt integer,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    created_at timestamp with time zone NOT NULL,
    worker_id bigint,
    metadata jsonb
)
PARTITION BY RANGE (task_id);

CREATE VIEW tasker.workflow_step_records AS
 SELECT s.task_id,
    s.step_no,
    s.step_template_id,
    s.retry_limit,
    s.parent_count,
    s.dependents,
    s.lane_id,
    s.state,
    s.open_parents,
    s.claim_no,
    s.attempts,
    s.worker_losses,
    s.seq,
    s.worker_id,
    s.ready_at,
    s.held_at,
    s.last_attempted_at,
    s.ended_at,
    s.backoff_request_seconds,
    s.inputs,
    s.results,
    s.kind,
    s.map_key,
    s.map_index,
    s.origin_step_no,
    s.wait_name,
    s.wait_until,
    s.limit_key,
    s.compensates_step_no,
    s.checkpoint,
    ( SELECT d.name
           FROM tasker.step_templates d
          WHERE (d.step_template_id = s.step_template_id)) AS name,
    ( SELECT d.handler
           FROM tasker.step_templates d
          WHERE (d.step_template_id = s.step_template_id)) AS handler,
    ( SELECT d.named_step_id
           FROM tasker.step_templates d
          WHERE (d.step_template_id = s.step_template_id)) AS named_step_id,
    ( SELECT d.retryable
           FROM tasker.step_templates d
          WHERE (d.step_template_id = s.step_template_id)) AS retryable,
    ( SELECT d.skippable
           FROM tasker.step_templates d
          WHERE (d.step_template_id = s.step_template_id)) AS skippable,
    ( SELECT d.timeout_seconds
           FROM tasker.step_templates d
          WHERE (d.step_template_id = s.step_template_id)) AS timeout_seconds,
    (s.state = 'in_progress'::tasker.state) AS in_process,
    (s.state = ANY (ARRAY['complete'::tasker.state, 'resolved_manually'::tasker.state])) AS processed,
        CASE
            WHEN (s.state = ANY (ARRAY['complete'::tasker.state, 'resolved_manually'::tasker.state])) THEN s.ended_at
            ELSE NULL::timestamp with time zone
        END AS processed_at,
    ( SELECT t.created_at
           FROM tasker.tasks t
          WHERE (t.task_id = s.task_id)) AS created_at,
    COALESCE(( SELECT r.created_at
           FROM tasker.workflow_step_transitions r
          WHERE ((r.task_id = s.task_id) AND (r.step_no = s.step_no) AND (r.seq = s.seq))), ( SELECT t.created_at
           FROM tasker.tasks t
          WHERE (t.task_id = s.task_id))) AS updated_at
   FROM tasker.workflow_steps s;

CREATE VIEW tasker.workflow_step_transition_log AS
 SELECT t.task_id,
    t.step_no AS workflow_step_id,
    t.seq AS sort_key,
    t.from_state,
    t.to_state,
    COALESCE(t.metadata, '{}'::jsonb) AS metadata,
    t.attempt,
    t.worker_id,
    t.created_at,
    (t.seq = s.seq) AS most_recent
   FROM (tasker.workflow_step_transitions t
     JOIN tasker.workflow_steps s ON (((s.task_id = t.task_id) AND (s.step_no = t.step_no))))
UNION ALL
 SELECT s.task_id,
    s.step_no AS workflow_step_id,
    0 AS sort_key,
    NULL::tasker.state AS from_state,
    'pending'::tasker.state AS to_state,
    '{}'::jsonb AS metadata,
    NULL::integer AS attempt,
    NULL::bigint AS worker_id,
    t.created_at,
    (s.seq = 0) AS most_recent
   FROM (tasker.workflow_steps s
     JOIN tasker.tasks t ON ((t.task_id = s.task_id)));

CREATE TABLE tasker.workflow_step_transitions_default (
    task_id uuid NOT NULL,
    step_no integer NOT NULL,
    seq integer NOT NULL,
    from_state tasker.state,
    to_state tasker.state NOT NULL,
    attempt integer,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    created_at timestamp with time zone NOT NULL,
    worker_id bigint,
    metadata jsonb
)
WITH (autovacuum_vacuum_insert_scale_factor='0.1', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY tasker.task_transitions ATTACH PARTITION tasker.task_transitions_default DEFAULT;

ALTER TABLE ONLY tasker.workflow_step_transitions ATTACH PARTITION tasker.workflow_step_transitions_default DEFAULT;

ALTER TABLE ONLY tasker.annotation_types
    ADD CONSTRAINT annotation_types_name_key UNIQUE (name);

ALTER TABLE ONLY tasker.annotation_types
    ADD CONSTRAINT annotation_types_pkey PRIMARY KEY (annotation_type_id);

ALTER TABLE ONLY tasker.api_keys
    ADD CONSTRAINT api_keys_name_key UNIQUE (name);

ALTER TABLE ONLY tasker.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY tasker.dependent_system_object_maps
    ADD CONSTRAINT dependent_system_object_maps_dependent_system_one_id_depend_key UNIQUE (dependent_system_one_id, dependent_system_two_id, remote_id_one, remote_id_two);

ALTER TABLE ONLY tasker.dependent_system_object_maps
    ADD CONSTRAINT dependent_system_object_maps_pkey PRIMARY KEY (dependent_system_object_map_id);

ALTER TABLE ONLY tasker.dependent_systems
    ADD CONSTRAINT dependent_systems_name_key UNIQUE (name);

ALTER TABLE ONLY tasker.dependent_systems
    ADD CONSTRAINT dependent_systems_pkey PRIMARY KEY (dependent_system_id);

ALTER TABLE ONLY tasker.lanes
    ADD CONSTRAINT lanes_namespace_id_task_name_handler_priority_mode_tenant_l_key UNIQUE NULLS NOT DISTINCT (namespace_id, task_name, handler, priority, mode, tenant, limit_key);

ALTER TABLE ONLY tasker.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (lane_id);

ALTER TABLE ONLY tasker.maintenance
    ADD CONSTRAINT maintenance_pkey PRIMARY KEY (name);

ALTER TABLE ONLY tasker.named_steps
    ADD CONSTRAINT named_steps_dependent_system_id_name_key UNIQUE (dependent_system_id, name);

ALTER TABLE ONLY tasker.named_steps
    ADD CONSTRAINT named_steps_pkey PRIMARY KEY (named_step_id);

ALTER TABLE ONLY tasker.named_tasks
    ADD CONSTRAINT named_tasks_namespace_id_name_version_key UNIQUE (namespace_id, name, version);

ALTER TABLE ONLY tasker.named_tasks
    ADD CONSTRAINT named_tasks_pkey PRIMARY KEY (named_task_id);

ALTER TABLE ONLY tasker.namespaces
    ADD CONSTRAINT namespaces_name_key UNIQUE (name);

ALTER TABLE ONLY tasker.namespaces
    ADD CONSTRAINT namespaces_pkey PRIMARY KEY (namespace_id);

ALTER TABLE ONLY tasker.operator_actions
    ADD CONSTRAINT operator_actions_pkey PRIMARY KEY (action_id);

ALTER TABLE ONLY tasker.pauses
    ADD CONSTRAINT pauses_namespace_task_name_handler_key UNIQUE NULLS NOT DISTINCT (namespace, task_name, handler);

ALTER TABLE ONLY tasker.pauses
    ADD CONSTRAINT pauses_pkey PRIMARY KEY (pause_id);

ALTER TABLE ONLY tasker.plans
    ADD CONSTRAINT plans_named_task_id_digest_key UNIQUE (named_task_id, digest);

ALTER TABLE ONLY tasker.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (plan_id);

ALTER TABLE ONLY tasker.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY tasker.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY tasker.step_templates
    ADD CONSTRAINT step_templates_pkey PRIMARY KEY (step_template_id);

ALTER TABLE ONLY tasker.step_templates
    ADD CONSTRAINT step_templates_plan_id_step_no_key UNIQUE (plan_id, step_no);

ALTER TABLE ONLY tasker.task_annotations
    ADD CONSTRAINT task_annotations_pkey PRIMARY KEY (task_annotation_id);

ALTER TABLE ONLY tasker.task_identities
    ADD CONSTRAINT task_identities_pkey PRIMARY KEY (scope, digest);

ALTER TABLE ONLY tasker.task_search_attributes
    ADD CONSTRAINT task_search_attributes_pkey PRIMARY KEY (task_id, name);

ALTER TABLE ONLY tasker.task_transitions
    ADD CONSTRAINT task_transitions_pkey PRIMARY KEY (task_id, seq);

ALTER TABLE ONLY tasker.task_transitions_default
    ADD CONSTRAINT task_transitions_default_pkey PRIMARY KEY (task_id, seq);

ALTER TABLE ONLY tasker.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY tasker.worker_claims
    ADD CONSTRAINT worker_claims_pkey PRIMARY KEY (worker_id, batch);

ALTER TABLE ONLY tasker.worker_heartbeats
    ADD CONSTRAINT worker_heartbeats_pkey PRIMARY KEY (worker_id);

ALTER TABLE ONLY tasker.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (worker_id);

ALTER TABLE ONLY tasker.workflow_step_transitions
    ADD CONSTRAINT workflow_step_transitions_pkey PRIMARY KEY (task_id, step_no, seq);

ALTER TABLE ONLY tasker.workflow_step_transitions_default
    ADD CONSTRAINT workflow_step_transitions_default_pkey PRIMARY KEY (task_id, step_no, seq);

ALTER TABLE ONLY tasker.workflow_steps
    ADD CONSTRAINT workflow_steps_pkey PRIMARY KEY (task_id, step_no);

CREATE INDEX lanes_handler ON tasker.lanes USING btree (handler);

CREATE INDEX named_tasks_latest ON tasker.named_tasks USING btree (namespace_id, name, version_order DESC);

CREATE INDEX operator_actions_scope ON tasker.operator_actions USING btree (created_at) WHERE (task_id IS NULL);

CREATE INDEX operator_actions_task ON tasker.operator_actions USING btree (task_id) WHERE (task_id IS NOT NULL);

CREATE INDEX task_annotations_content ON tasker.task_annotations USING gin (annotation jsonb_path_ops);

CREATE INDEX task_annotations_keys ON tasker.task_annotations USING gin (annotation);

CREATE INDEX task_annotations_task ON tasker.task_annotations USING btree (task_id);

CREATE INDEX task_annotations_type ON tasker.task_annotations USING btree (annotation_type_id, task_id);

CREATE INDEX task_identities_expired ON tasker.task_identities USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX task_search_attributes_number ON tasker.task_search_attributes USING btree (name, number_value, task_id) WHERE (number_value IS NOT NULL);

CREATE INDEX task_search_attributes_text ON tasker.task_search_attributes USING btree (name, text_value, task_id) WHERE (text_value IS NOT NULL);

CREATE INDEX task_search_attributes_time ON tasker.task_search_attributes USING btree (name, time_value) WHERE (time_value IS NOT NULL);

CREATE INDEX tasks_ended ON tasker.tasks USING btree (completed_at, task_id) WHERE (completed_at IS NOT NULL);

CREATE INDEX tasks_initiator ON tasker.tasks USING btree ("left"(initiator, 128), task_id) WHERE (initiator <> 'unknown'::text);

CREATE INDEX tasks_irregular ON tasker.tasks USING btree (task_id) WHERE irregular;

CREATE INDEX tasks_named ON tasker.tasks USING btree (named_task_id, task_id);

CREATE INDEX tasks_open ON tasker.tasks USING btree (task_id) WHERE (completed_at IS NULL);

CREATE INDEX tasks_paused ON tasker.tasks USING btree (task_id) WHERE (paused_at IS NOT NULL);

CREATE INDEX tasks_source_system ON tasker.tasks USING btree ("left"(source_system, 128), task_id) WHERE (source_system <> 'unknown'::text);

CREATE INDEX tasks_tags ON tasker.tasks USING gin (tasker.tag_keys(tags)) WITH (gin_pending_list_limit='256') WHERE (tags <> '{}'::text[]);

CREATE INDEX workers_live ON tasker.workers USING btree (worker_id) WHERE (stopped_at IS NULL);

CREATE INDEX workflow_step_transitions_error_code ON ONLY tasker.workflow_step_transitions USING btree ("left"((metadata ->> 'error_code'::text), 128), task_id) WHERE ((to_state = 'error'::tasker.state) AND ((metadata ->> 'error_code'::text) IS NOT NULL));

CREATE INDEX workflow_step_transitions_default_left_task_id_idx ON tasker.workflow_step_transitions_default USING btree ("left"((metadata ->> 'error_code'::text), 128), task_id) WHERE ((to_state = 'error'::tasker.state) AND ((metadata ->> 'error_code'::text) IS NOT NULL));

CREATE INDEX workflow_steps_ready ON tasker.workflow_steps USING btree (lane_id, ready_at) WHERE (ready_at IS NOT NULL);

ALTER INDEX tasker.task_transitions_pkey ATTACH PARTITION tasker.task_transitions_default_pkey;

ALTER INDEX tasker.workflow_step_transitions_error_code ATTACH PARTITION tasker.workflow_step_transitions_default_left_task_id_idx;

ALTER INDEX tasker.workflow_step_transitions_pkey ATTACH PARTITION tasker.workflow_step_transitions_default_pkey;

CREATE STATISTICS tasker.tasks_initiator_statistics ON "left"(initiator, 128) FROM tasker.tasks;

CREATE STATISTICS tasker.tasks_source_system_statistics ON "left"(source_system, 128) FROM tasker.tasks;

CREATE STATISTICS tasker.tasks_tags_statistics ON tasker.tag_keys(tags) FROM tasker.tasks;

ALTER TABLE ONLY tasker.dependent_system_object_maps
    ADD CONSTRAINT dependent_system_object_maps_dependent_system_one_id_fkey FOREIGN KEY (dependent_system_one_id) REFERENCES tasker.dependent_systems(dependent_system_id);

ALTER TABLE ONLY tasker.dependent_system_object_maps
    ADD CONSTRAINT dependent_system_object_maps_dependent_system_two_id_fkey FOREIGN KEY (dependent_system_two_id) REFERENCES tasker.dependent_systems(dependent_system_id);

ALTER TABLE ONLY tasker.lanes
    ADD CONSTRAINT lanes_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES tasker.namespaces(namespace_id);

ALTER TABLE ONLY tasker.named_steps
    ADD CONSTRAINT named_steps_dependent_system_id_fkey FOREIGN KEY (dependent_system_id) REFERENCES tasker.dependent_systems(dependent_system_id);

ALTER TABLE ONLY tasker.named_tasks
    ADD CONSTRAINT named_tasks_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES tasker.namespaces(namespace_id);

ALTER TABLE ONLY tasker.named_tasks
    ADD CONSTRAINT named_tasks_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES tasker.plans(plan_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY tasker.plans
    ADD CONSTRAINT plans_named_task_id_fkey FOREIGN KEY (named_task_id) REFERENCES tasker.named_tasks(named_task_id);

ALTER TABLE ONLY tasker.step_templates
    ADD CONSTRAINT step_templates_lane_id_fkey FOREIGN KEY (lane_id) REFERENCES tasker.lanes(lane_id);

ALTER TABLE ONLY tasker.step_templates
    ADD CONSTRAINT step_templates_named_step_id_fkey FOREIGN KEY (named_step_id) REFERENCES tasker.named_steps(named_step_id);

ALTER TABLE ONLY tasker.step_templates
    ADD CONSTRAINT step_templates_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES tasker.plans(plan_id);

ALTER TABLE ONLY tasker.task_annotations
    ADD CONSTRAINT task_annotations_annotation_type_id_fkey FOREIGN KEY (annotation_type_id) REFERENCES tasker.annotation_types(annotation_type_id);

ALTER TABLE ONLY tasker.worker_heartbeats
    ADD CONSTRAINT worker_heartbeats_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES tasker.workers(worker_id) ON DELETE CASCADE;
