-- Client::operator_actions: what operators did where no state moved, to a task and its steps, and while it lasted to its namespace,
-- its named task and its handlers. Locks: none. Index: operator_actions_task, operator_actions_scope, step_templates (plan_id, step_no).
select jsonb_build_object('action_id', a.action_id, 'task_id', a.task_id, 'workflow_step_id', a.step_no, 'namespace', a.namespace,
  'name', a.task_name, 'handler', a.handler, 'created_at', a.created_at, 'metadata', a.metadata)::text
from (
  select o.* from tasker.operator_actions o where o.task_id = $1
  union all
  select o.* from tasker.tasks t join tasker.named_tasks d on d.named_task_id = t.named_task_id
  join tasker.namespaces n on n.namespace_id = d.namespace_id
  join tasker.operator_actions o on o.task_id is null and o.created_at >= t.created_at
    and (t.completed_at is null or o.created_at <= t.completed_at)
  where t.task_id = $1 and (o.namespace is null or o.namespace = n.name) and (o.task_name is null or o.task_name = d.name)
    and (o.handler is null or exists (select from tasker.step_templates p where p.plan_id = t.plan_id and p.handler = o.handler))) a
order by a.created_at, a.action_id
