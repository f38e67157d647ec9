-- Client::template, Client::template_content: the content of (namespace, name, version or latest) as it was compiled: the
-- current one, or the one of a digest, which may have been replaced. Index: the unique keys of the catalogue.
select jsonb_build_object(
  'namespace', n.name, 'name', t.name, 'version', t.version, 'description', t.description, 'digest', p.digest,
  'source', p.configuration, 'schema', p.schema, 'searchable', to_jsonb(p.searchable),
  'steps', (
    select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'step_no', s.step_no, 'name', s.name, 'handler', s.handler, 'description', ns.description,
      'dependent_system', nullif(d.name, 'unknown'), 'parents', to_jsonb(s.parents), 'dependents', to_jsonb(coalesce(s.dependents, '{}')),
      'retryable', s.retryable, 'retry_limit', s.retry_limit, 'skippable', s.skippable, 'priority', s.priority,
      'timeout_seconds', s.timeout_seconds, 'retry', s.retry)) || case when s.config is null then '{}' else jsonb_build_object('config', s.config) end
      order by s.step_no)
    from tasker.step_templates s
    join tasker.named_steps ns on ns.named_step_id = s.named_step_id
    join tasker.dependent_systems d on d.dependent_system_id = ns.dependent_system_id
    where s.plan_id = p.plan_id))::text
from tasker.namespaces n
join tasker.named_tasks t on t.namespace_id = n.namespace_id
join tasker.plans p on p.named_task_id = t.named_task_id and (case when $4::text is null then p.plan_id = t.plan_id else p.digest = $4 end)
where n.name = $1 and t.name = $2 and ($3::text is null or t.version = $3)
order by t.version_order desc limit 1
