-- Client::template_contents: every content that a name ever had, newest version first, and within a version the current
-- one first. Index: the unique keys of the catalogue.
select jsonb_build_object(
  'namespace', n.name, 'name', t.name, 'version', t.version, 'full_name', n.name || '.' || t.name || '@' || t.version,
  'digest', p.digest, 'step_count', p.step_count, 'registered_at', p.registered_at, 'replaced_at', p.replaced_at)::text
from tasker.namespaces n
join tasker.named_tasks t on t.namespace_id = n.namespace_id
join tasker.plans p on p.named_task_id = t.named_task_id
where n.name = $1 and t.name = $2
order by t.version_order desc, p.replaced_at desc nulls first, p.plan_id desc
