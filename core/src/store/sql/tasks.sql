-- Tasks by id, newest first, with the columns of get_task_execution_context. Index: tasks_pkey, workflow_steps_pkey.
select jsonb_build_object(
  'task_id', t.task_id, 'name', n.name, 'namespace', ns.name, 'version', n.version,
  'full_name', ns.name || '.' || n.name || '@' || n.version, 'named_task_id', t.named_task_id, 'status', t.state,
  'complete', t.state in ('complete', 'resolved_manually'), 'initiator', t.initiator, 'source_system', t.source_system,
  'reason', t.reason, 'tags', to_jsonb(t.tags), 'bypass_steps', to_jsonb(t.bypass_steps), 'context', t.context,
  'priority', t.priority, 'requested_at', t.requested_at, 'created_at', t.created_at, 'started_at', t.started_at,
  'completed_at', t.completed_at, 'paused', t.paused_at is not null or exists (
    select from tasker.pauses p
    where (p.namespace = ns.name and (p.task_name is null or p.task_name = n.name))),
  'paused_at', t.paused_at, 'total_steps', c.total_steps, 'pending_steps', c.pending_steps,
  'in_progress_steps', c.in_progress_steps, 'completed_steps', c.completed_steps, 'failed_steps', c.failed_steps,
  'ready_steps', c.ready_steps, 'execution_status', c.execution_status, 'recommended_action', c.recommended_action,
  'completion_percentage', c.completion_percentage, 'health_status', c.health_status)::text
from tasker.get_task_execution_contexts_batch($1) c
join tasker.tasks t on t.task_id = c.task_id
join tasker.named_tasks n on n.named_task_id = t.named_task_id
join tasker.namespaces ns on ns.namespace_id = n.namespace_id
-- Said once more, for the planner: it takes the function for a thousand tasks, and would read all there are.
where t.task_id = any ($1)
order by t.task_id desc
