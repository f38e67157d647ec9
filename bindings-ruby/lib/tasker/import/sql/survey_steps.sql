-- Survey: which steps the open tasks have.
select distinct os.name as namespace, o.name, o.version, k.name as step
from ancestor.tasker_tasks t
left join ancestor.tasker_task_transitions x on x.task_id = t.task_id and x.most_recent
join ancestor.tasker_named_tasks o on o.named_task_id = t.named_task_id
join ancestor.tasker_task_namespaces os on os.task_namespace_id = o.task_namespace_id
join ancestor.tasker_workflow_steps s on s.task_id = t.task_id
join ancestor.tasker_named_steps k on k.named_step_id = s.named_step_id
where coalesce(x.to_state, 'pending') not in ('complete', 'cancelled', 'resolved_manually')
order by 1, 2, 3, 4
