-- Checksums#of: tasks that have come over, on both sides. $1: old ids, $2, $3: the first and the last of their ids, by which the planner
-- leaves out partitions of the trail. Step 0 is the task itself.
-- The history on our side is what is of transaction 2. Who has moves beside it has gone on, be it by the import itself: its results and
-- attempts are not compared. Of a failure's results those members are not that the import adds. Large contents are told by their md5.
-- `sound` is asked here only: whether what the engine goes by is right, and nothing is stranded.
with pair as materialized (
  select m.old_task_id, m.task_id, m.old_step_ids, m.imported_at from ancestor.tasker_import_map m where m.old_task_id = any ($1::bigint[])),
step as materialized (
  select p.old_task_id, p.task_id, w.workflow_step_id as old_step_id,
         (row_number() over (partition by w.task_id order by w.workflow_step_id))::int as step_no
  from pair p join ancestor.tasker_workflow_steps w on w.task_id = p.old_task_id),
there_edge as materialized (
  select c.old_step_id, jsonb_agg(distinct p.step_no order by p.step_no) as parents
  from step p
  join ancestor.tasker_workflow_step_edges g on g.from_step_id = p.old_step_id
  join step c on c.old_step_id = g.to_step_id and c.old_task_id = p.old_task_id and c.old_step_id <> p.old_step_id
  group by 1),
there as materialized (
  select p.old_task_id, 0 as step_no, coalesce(m.state, 'pending') as state, m.moves, a.annotations, jsonb_build_object(
           'named task', os.name || '.' || o.name || '@' || o.version, 'state', coalesce(m.state, 'pending'), 'created_at', t.created_at::timestamptz,
           'requested_at', t.requested_at::timestamptz, 'initiator', coalesce(t.initiator, 'unknown'),
           'source_system', coalesce(t.source_system, 'unknown'), 'reason', coalesce(t.reason, 'unknown'),
           'tags', case jsonb_typeof(t.tags::jsonb)
             when 'array' then to_jsonb(array(select e from jsonb_array_elements_text(t.tags::jsonb) e where e is not null))
             when 'string' then jsonb_build_array(t.tags) else '[]' end,
           'bypass_steps', case jsonb_typeof(t.bypass_steps::jsonb)
             when 'array' then to_jsonb(array(select e from jsonb_array_elements_text(t.bypass_steps::jsonb) e where e is not null)) else '[]' end,
           'context', 'md5 ' || md5(coalesce(t.context, '{}')::text), 'steps', s.steps, 'map', s.mapped, 'moves', 'md5 ' || m.digest,
           'annotations', 'md5 ' || a.digest) as facts
  from pair p
  join ancestor.tasker_tasks t on t.task_id = p.old_task_id
  join ancestor.tasker_named_tasks o on o.named_task_id = t.named_task_id
  join ancestor.tasker_task_namespaces os on os.task_namespace_id = o.task_namespace_id
  cross join lateral (
    select count(*) as steps, coalesce(jsonb_agg(w.workflow_step_id order by w.workflow_step_id), '[]') as mapped
    from ancestor.tasker_workflow_steps w where w.task_id = t.task_id) s
  cross join lateral (
    select max(x.to_state) filter (where x.most_recent) as state, count(*) filter (where x.place > 1 or x.to_state <> 'pending') as moves,
           md5(coalesce(string_agg(concat_ws(' ', x.to_state, x.created_at::timestamptz, nullif(x.metadata, '{}')), chr(10) order by x.place)
             filter (where x.place > 1 or x.to_state <> 'pending'), '')) as digest
    from (select y.*, row_number() over (order by y.sort_key) as place from ancestor.tasker_task_transitions y where y.task_id = t.task_id) x) m
  cross join lateral (
    select count(*) as annotations,
           md5(coalesce(string_agg(concat_ws(' ', y.name, n.created_at::timestamptz, coalesce(n.annotation, 'null')), chr(10) order by n.task_annotation_id), '')) as digest
    from ancestor.tasker_task_annotations n join ancestor.tasker_annotation_types y on y.annotation_type_id = n.annotation_type_id
    where n.task_id = t.task_id) a
  union all
  select k.old_task_id, k.step_no, coalesce(m.state, 'pending'), m.moves, 0, jsonb_build_object(
           'name', n.name, 'dependent system', d.name, 'state', coalesce(m.state, 'pending'), 'retryable', s.retryable, 'skippable', s.skippable,
           'retry_limit', case when s.retryable then greatest(coalesce(s.retry_limit, 3), 1) else 1 end, 'attempts', coalesce(s.attempts, 0),
           'last_attempted_at', s.last_attempted_at::timestamptz, 'backoff_request_seconds', s.backoff_request_seconds,
           'inputs', case when s.inputs is distinct from t.context then 'md5 ' || md5(s.inputs::text) end,
           'results', 'md5 ' || md5((case when m.state = 'error' and jsonb_typeof(s.results) = 'object'
             then s.results - array['retryable', 'attempt', 'error_code'] when m.state = 'error' then jsonb_build_object('error', s.results)
             else coalesce(s.results, '{}') end)::text),
           'parents', coalesce(e.parents, '[]'), 'moves', 'md5 ' || m.digest, 'sound', true)
  from step k
  join ancestor.tasker_workflow_steps s on s.workflow_step_id = k.old_step_id
  join ancestor.tasker_tasks t on t.task_id = k.old_task_id
  join ancestor.tasker_named_steps n on n.named_step_id = s.named_step_id
  join ancestor.tasker_dependent_systems d on d.dependent_system_id = n.dependent_system_id
  left join there_edge e on e.old_step_id = k.old_step_id
  cross join lateral (
    select max(x.to_state) filter (where x.most_recent) as state, count(*) filter (where x.place > 1 or x.to_state <> 'pending') as moves,
           md5(coalesce(string_agg(concat_ws(' ', x.to_state, x.created_at::timestamptz, nullif(x.metadata, '{}')), chr(10) order by x.place)
             filter (where x.place > 1 or x.to_state <> 'pending'), '')) as digest
    from (select y.*, row_number() over (order by y.sort_key) as place
          from ancestor.tasker_workflow_step_transitions y where y.workflow_step_id = k.old_step_id) x) m),
here_edge as materialized (
  select w.task_id, d.step_no, count(*) filter (where w.state not in ('complete', 'resolved_manually')) as open_parents,
         jsonb_agg(w.step_no order by w.step_no) as parents
  from pair p join tasker.workflow_steps w on w.task_id = p.task_id cross join lateral unnest(w.dependents) d(step_no)
  group by 1, 2),
here as materialized (
  select p.old_task_id, 0 as step_no, coalesce(m.state, 'pending') as state, m.moves, a.annotations, coalesce(m.last_at > p.imported_at, false) as went_on,
         false as acted, jsonb_build_object(
           'named task', n.name || '.' || d.name || '@' || d.version, 'state', coalesce(m.state, 'pending'), 'created_at', t.created_at,
           'requested_at', t.requested_at, 'initiator', t.initiator, 'source_system', t.source_system, 'reason', t.reason,
           'tags', to_jsonb(t.tags), 'bypass_steps', to_jsonb(t.bypass_steps), 'context', 'md5 ' || md5(t.context::text),
           'steps', s.steps, 'map', to_jsonb(p.old_step_ids), 'moves', 'md5 ' || m.digest, 'annotations', 'md5 ' || a.digest) as facts
  from pair p
  join tasker.tasks t on t.task_id = p.task_id
  join tasker.named_tasks d on d.named_task_id = t.named_task_id
  join tasker.namespaces n on n.namespace_id = d.namespace_id
  cross join lateral (select count(*) as steps from tasker.workflow_steps w where w.task_id = t.task_id) s
  cross join lateral (
    select (array_agg(x.to_state::text order by x.seq desc) filter (where x.xid = '2'))[1] as state, count(*) filter (where x.xid = '2') as moves,
           max(x.created_at) filter (where x.xid <> '2') as last_at,
           md5(coalesce(string_agg(concat_ws(' ', x.to_state, x.created_at, x.metadata), chr(10) order by x.seq) filter (where x.xid = '2'), '')) as digest
    from tasker.task_transitions x where x.task_id = t.task_id and x.task_id between $2::uuid and $3::uuid) m
  cross join lateral (
    select count(*) as annotations,
           md5(coalesce(string_agg(concat_ws(' ', y.name, x.created_at, x.annotation), chr(10) order by x.task_annotation_id), '')) as digest
    from tasker.task_annotations x join tasker.annotation_types y on y.annotation_type_id = x.annotation_type_id
    where x.task_id = t.task_id and x.created_at <= p.imported_at) a
  union all
  select p.old_task_id, w.step_no, coalesce(m.state, 'pending'), m.moves, 0, coalesce(m.last_at > p.imported_at, false), m.last_at is not null,
         jsonb_build_object(
           'name', q.name, 'dependent system', d.name, 'state', coalesce(m.state, 'pending'), 'retryable', q.retryable, 'skippable', q.skippable,
           'retry_limit', w.retry_limit, 'attempts', w.attempts, 'last_attempted_at', w.last_attempted_at,
           'backoff_request_seconds', w.backoff_request_seconds, 'inputs', 'md5 ' || md5(w.inputs::text),
           'results', 'md5 ' || md5((case when m.state = 'error' and jsonb_typeof(w.results) = 'object'
             then w.results - array['retryable', 'attempt', 'error_code'] else coalesce(w.results, '{}') end)::text),
           'parents', coalesce(e.parents, '[]'), 'moves', 'md5 ' || m.digest,
           'sound', w.state <> 'pending' or t.state in ('complete', 'cancelled', 'resolved_manually')
             or (w.open_parents = coalesce(e.open_parents, 0) and (w.open_parents > 0 or w.ready_at is not null or w.held_at is not null)))
  from pair p
  join tasker.tasks t on t.task_id = p.task_id
  join tasker.workflow_steps w on w.task_id = p.task_id
  join tasker.step_templates q on q.step_template_id = w.step_template_id
  join tasker.named_steps k on k.named_step_id = q.named_step_id
  join tasker.dependent_systems d on d.dependent_system_id = k.dependent_system_id
  left join here_edge e on e.task_id = w.task_id and e.step_no = w.step_no
  cross join lateral (
    select (array_agg(x.to_state::text order by x.seq desc) filter (where x.xid = '2'))[1] as state, count(*) filter (where x.xid = '2') as moves,
           max(x.created_at) filter (where x.xid <> '2') as last_at,
           md5(coalesce(string_agg(concat_ws(' ', x.to_state, x.created_at, x.metadata), chr(10) order by x.seq) filter (where x.xid = '2'), '')) as digest
    from tasker.workflow_step_transitions x
    where x.task_id = w.task_id and x.step_no = w.step_no and x.task_id between $2::uuid and $3::uuid) m),
both_sides as materialized (
  select t.old_task_id, t.step_no, t.facts - o.omitted as there, h.facts - o.omitted as here, coalesce(h.went_on, false) as went_on
  from there t left join here h on h.old_task_id = t.old_task_id and h.step_no = t.step_no
  cross join lateral (
    select case when h.acted then array['results', 'attempts', 'retry_limit', 'last_attempted_at', 'backoff_request_seconds'] else '{}' end as omitted) o),
tally as (
  select u.kind, u.state, sum(u.there) as there, sum(u.here) as here
  from (
    select case when t.step_no = 0 then 'tasks' else 'steps' end as kind, t.state, 1 as there, 0 as here from there t
    union all
    select case when h.step_no = 0 then 'tasks' else 'steps' end, h.state, 0, 1 from here h
    union all
    select case when t.step_no = 0 then 'moves of tasks' else 'moves of steps' end, '', t.moves, 0 from there t
    union all
    select case when h.step_no = 0 then 'moves of tasks' else 'moves of steps' end, '', 0, h.moves from here h
    union all
    select 'annotations', '', t.annotations, 0 from there t where t.step_no = 0
    union all
    select 'annotations', '', 0, h.annotations from here h where h.step_no = 0) u
  group by 1, 2)
select jsonb_build_object(
  'source', (select md5(string_agg(b.there::text, chr(10) order by b.old_task_id, b.step_no)) from both_sides b),
  'target', (select md5(string_agg(coalesce(b.here::text, ''), chr(10) order by b.old_task_id, b.step_no)) from both_sides b),
  'went_on', (select count(distinct b.old_task_id) from both_sides b where b.went_on),
  'counts', (select coalesce(jsonb_agg(jsonb_build_array(y.kind, y.state, y.there, y.here) order by y.kind, y.state), '[]') from tally y),
  'differences', (
    select coalesce(jsonb_agg(jsonb_build_object('old_task_id', b.old_task_id, 'task_id', p.task_id, 'step_no', b.step_no,
             'there', (select jsonb_object_agg(f.key, f.value) from jsonb_each(b.there) f where f.value is distinct from b.here -> f.key),
             'here', (select jsonb_object_agg(f.key, f.value) from jsonb_each(b.here) f where f.value is distinct from b.there -> f.key))
             order by b.old_task_id, b.step_no), '[]')
    from both_sides b join pair p on p.old_task_id = b.old_task_id where b.there is distinct from b.here))::text
