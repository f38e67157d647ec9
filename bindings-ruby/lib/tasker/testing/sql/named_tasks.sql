-- Client::named_tasks: every registered version, newest first within a name.
select jsonb_build_object(
  'named_task_id', t.named_task_id, 'namespace', n.name, 'name', t.name, 'version', t.version,
  'full_name', n.name || '.' || t.name || '@' || t.version, 'description', t.description, 'digest', p.digest,
  'step_count', p.step_count, 'latest', row_number() over (partition by n.name, t.name order by t.version_order desc) = 1,
  'registered_at', p.registered_at)::text
from tasker.named_tasks t
join tasker.namespaces n on n.namespace_id = t.namespace_id
join tasker.plans p on p.plan_id = t.plan_id
where $1::text is null or n.name = $1
order by n.name, t.name, t.version_order desc
