-- Plans#place: makes the plans that are missing, by the engine's insert_plan, from one task of each graph. A row for each. Its digest
-- is none that a template could have: a template with the same content is still a new one.
with graph as (
  select t.named_task_id, t.graph, min(t.old_task_id) as old_task_id, min(t.imported_at) as now
  from pg_temp.import_task t where t.plan_id is null group by 1, 2),
served as (
  select distinct on (g.named_task_id, p.name) g.named_task_id, p.name, p.handler, p.priority, p.timeout_seconds, p.retry, p.config
  from (select distinct named_task_id from graph) g
  join tasker.named_tasks n on n.named_task_id = g.named_task_id
  join tasker.named_tasks v on v.namespace_id = n.namespace_id and v.name = n.name
  join tasker.step_templates p on p.plan_id = v.plan_id
  order by g.named_task_id, p.name, v.named_task_id = n.named_task_id desc, v.version_order desc),
step as (
  select g.named_task_id, g.graph, s.step_no, s.name, nullif(s.system, 'unknown') as system, s.parents, coalesce(s.dependents, '{}') as dependents,
         s.retryable, s.skippable, case when s.retryable then greatest(coalesce(l.default_retry_limit, 3), 1) else 1 end as retry_limit,
         coalesce(v.handler, ns.name || '.' || n.name || '.' || s.name) as handler, v.handler is null as unserved,
         coalesce(v.priority, 4) as priority, v.timeout_seconds, v.retry, v.config, o.description,
         (select jsonb_agg(p.name order by p.step_no) from pg_temp.import_step p
          where p.old_task_id = s.old_task_id and p.step_no = any (s.parents)) as parent_names
  from graph g
  join tasker.named_tasks n on n.named_task_id = g.named_task_id
  join tasker.namespaces ns on ns.namespace_id = n.namespace_id
  join pg_temp.import_task t on t.old_task_id = g.old_task_id
  join pg_temp.import_step s on s.old_task_id = g.old_task_id
  join ancestor.tasker_named_steps o on o.named_step_id = s.old_named_step_id
  left join ancestor.tasker_named_tasks_named_steps l on l.named_task_id = t.old_named_task_id and l.named_step_id = s.old_named_step_id
  left join served v on v.named_task_id = g.named_task_id and v.name = s.name),
template as (
  select g.named_task_id, g.now, ns.name || '.' || n.name || '@' || n.version as full_name, coalesce(x.unserved, '[]') as unserved,
         jsonb_build_object(
           'namespace', ns.name, 'name', n.name, 'version', n.version, 'description', n.description, 'schema', null, 'searchable', jsonb_build_array(),
           'digest', 'import:' || encode(sha256(convert_to(g.graph, 'UTF8')), 'hex'), 'steps', coalesce(x.steps, '[]'),
           'source', jsonb_strip_nulls(jsonb_build_object('name', n.name, 'namespace_name', ns.name, 'version', n.version,
               'description', n.description, 'configuration', c.configuration)) || jsonb_build_object('step_templates', coalesce(x.sources, '[]'))) as template
  from graph g
  join tasker.named_tasks n on n.named_task_id = g.named_task_id
  join tasker.namespaces ns on ns.namespace_id = n.namespace_id
  join pg_temp.import_task t on t.old_task_id = g.old_task_id
  -- Where nothing was ever written it is a JSON text, "{}".
  left join ancestor.tasker_named_tasks c
    on c.named_task_id = t.old_named_task_id and jsonb_typeof(c.configuration) = 'object' and c.configuration <> '{}'
  cross join lateral (
    select jsonb_agg(distinct s.handler) filter (where s.unserved) as unserved,
           jsonb_agg(jsonb_build_object('step_no', s.step_no, 'name', s.name, 'description', s.description, 'handler', s.handler,
             'dependent_system', s.system, 'parents', s.parents, 'dependents', s.dependents, 'retryable', s.retryable,
             'retry_limit', s.retry_limit, 'skippable', s.skippable, 'priority', s.priority, 'timeout_seconds', s.timeout_seconds,
             'retry', s.retry, 'config', s.config) order by s.step_no) as steps,
           jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', s.name, 'description', s.description, 'handler', s.handler,
             'dependent_system', s.system, 'depends_on_steps', s.parent_names, 'default_retryable', s.retryable,
             'default_retry_limit', s.retry_limit, 'skippable', s.skippable, 'timeout_seconds', s.timeout_seconds, 'retry', s.retry))
             || case when s.config is null then '{}' else jsonb_build_object('handler_config', s.config) end order by s.step_no) as sources
    from step s where s.named_task_id = g.named_task_id and s.graph = g.graph) x)
select tasker.insert_plan(n, t.template, t.now) as plan_id, t.full_name, t.unserved::text as unserved
from template t join tasker.named_tasks n on n.named_task_id = t.named_task_id
