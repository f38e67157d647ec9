-- What applications read row by row, with what is derived: the records of object mappers. And what they note on tasks.

-- Tasks. `updated_at` is when its state changed last.
create view tasker.task_records as
select t.task_id, t.named_task_id, t.plan_id, t.total_steps, t.priority, t.created_at, t.requested_at, t.state, t.open_sinks, t.seq,
       t.irregular, t.unvalidated, t.started_at, t.completed_at, t.paused_at, t.paused_by, t.paused_reason, t.initiator,
       t.source_system, t.reason, t.tags, t.bypass_steps, t.context, t.tenant, t.queue, t.root_task_id, t.parent_task_id,
       t.parent_step_no, t.deadline_at, t.traceparent, t.request_digest,
       t.state in ('complete', 'resolved_manually') as complete,
       coalesce((select r.created_at from tasker.task_transitions r where r.task_id = t.task_id and r.seq = t.seq), t.created_at) as updated_at
from tasker.tasks t;

-- Steps. What comes from elsewhere is looked up and not joined: who locks a step here locks nothing else.
create view tasker.workflow_step_records as
select s.task_id, s.step_no, s.step_template_id, s.retry_limit, s.parent_count, s.dependents, s.lane_id, s.state, s.open_parents,
       s.claim_no, s.attempts, s.worker_losses, s.seq, s.worker_id, s.ready_at, s.held_at, s.last_attempted_at, s.ended_at,
       s.backoff_request_seconds, s.inputs, s.results, s.kind, s.map_key, s.map_index, s.origin_step_no, s.wait_name, s.wait_until,
       s.limit_key, s.compensates_step_no, s.checkpoint,
       (select d.name from tasker.step_templates d where d.step_template_id = s.step_template_id) as name,
       (select d.handler from tasker.step_templates d where d.step_template_id = s.step_template_id) as handler,
       (select d.named_step_id from tasker.step_templates d where d.step_template_id = s.step_template_id) as named_step_id,
       (select d.retryable from tasker.step_templates d where d.step_template_id = s.step_template_id) as retryable,
       (select d.skippable from tasker.step_templates d where d.step_template_id = s.step_template_id) as skippable,
       (select d.timeout_seconds from tasker.step_templates d where d.step_template_id = s.step_template_id) as timeout_seconds,
       s.state = 'in_progress' as in_process,
       s.state in ('complete', 'resolved_manually') as processed,
       case when s.state in ('complete', 'resolved_manually') then s.ended_at end as processed_at,
       (select t.created_at from tasker.tasks t where t.task_id = s.task_id) as created_at,
       coalesce((select r.created_at from tasker.workflow_step_transitions r
                 where r.task_id = s.task_id and r.step_no = s.step_no and r.seq = s.seq),
                (select t.created_at from tasker.tasks t where t.task_id = s.task_id)) as updated_at
from tasker.workflow_steps s;

-- tasker.annotation_type(…): the type of annotations of this name, made if need be. A description that is given counts.
-- Locks: the row of a type that is new or is described otherwise.
create function tasker.annotation_type(p_name text, p_description text default null)
returns tasker.annotation_types language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_name text := trim(p_name);
  v_type tasker.annotation_types;
begin
  if coalesce(v_name, '') = '' or length(v_name) > 64 then
    raise exception using errcode = 'TK003', message = format('the type of an annotation has 1 to 64 characters, not %s',
      coalesce(length(v_name), 0));
  end if;
  select * into v_type from tasker.annotation_types y where y.name = v_name;
  if not found or v_type.description is distinct from coalesce(p_description, v_type.description) then
    insert into tasker.annotation_types as y (name, description, created_at, updated_at)
    values (v_name, p_description, tasker.clock(), tasker.clock())
    on conflict (name) do update set description = coalesce(excluded.description, y.description), updated_at = excluded.updated_at
    returning * into v_type;
  end if;
  return v_type;
end $$;

-- tasker.annotate_task(…): notes something on a task, to find it by; a new type of annotation is made at its first use.
-- Locks: the task FOR KEY SHARE, so that it is not pruned meanwhile; the row of a new type.
create function tasker.annotate_task(p_task_id uuid, p_annotation_type text, p_annotation jsonb)
returns tasker.task_annotations language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_type int := (tasker.annotation_type(p_annotation_type)).annotation_type_id;
  v_new tasker.task_annotations;
begin
  if p_annotation is null or p_annotation = 'null' then
    raise exception using errcode = 'TK003', message = format('an annotation of the type ''%s'' has to say something, and is null',
      trim(p_annotation_type));
  end if;
  perform from tasker.tasks t where t.task_id = p_task_id for key share;
  if not found then
    raise exception using errcode = 'TK006', message = format('there is no task %s', p_task_id);
  end if;
  insert into tasker.task_annotations (task_id, annotation_type_id, annotation, created_at, updated_at)
  values (p_task_id, v_type, p_annotation, tasker.clock(), tasker.clock()) returning * into v_new;
  return v_new;
end $$;
