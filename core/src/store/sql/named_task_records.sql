-- Client::named_task_records: named tasks with their steps. Index: the keys of the catalogue.
select jsonb_build_object(
  'named_task_id', t.named_task_id, 'namespace', n.name, 'name', t.name, 'version', t.version,
  'full_name', n.name || '.' || t.name || '@' || t.version, 'description', t.description, 'configuration', p.configuration,
  'digest', p.digest, 'registered_at', p.registered_at, 'created_at', t.created_at, 'updated_at', t.updated_at,
  'latest', not exists (
    select from tasker.named_tasks o
    where o.namespace_id = t.namespace_id and o.name = t.name and o.version_order > t.version_order and o.plan_id is not null),
  'steps', coalesce((
    select jsonb_agg(jsonb_build_object(
      'id', s.step_template_id, 'named_task_id', t.named_task_id, 'step_no', s.step_no, 'skippable', s.skippable,
      'default_retryable', s.retryable, 'default_retry_limit', s.retry_limit,
      'named_step', jsonb_build_object(
        'named_step_id', a.named_step_id, 'name', a.name, 'description', a.description, 'created_at', a.created_at,
        'updated_at', a.updated_at, 'dependent_system', to_jsonb(d))) order by s.step_no)
    from tasker.step_templates s
    join tasker.named_steps a on a.named_step_id = s.named_step_id
    join tasker.dependent_systems d on d.dependent_system_id = a.dependent_system_id
    where s.plan_id = p.plan_id), '[]'))::text
from tasker.named_tasks t
join tasker.namespaces n on n.namespace_id = t.namespace_id
join tasker.plans p on p.plan_id = t.plan_id
where t.named_task_id = any ($1::int[])
