-- Survey: how much there is. It counts every row.
select 'namespaces' as what, count(*) as count from ancestor.tasker_task_namespaces
union all select 'named tasks', count(*) from ancestor.tasker_named_tasks
union all select 'dependent systems', count(*) from ancestor.tasker_dependent_systems
union all select 'named steps', count(*) from ancestor.tasker_named_steps
union all select 'tasks', count(*) from ancestor.tasker_tasks
union all select 'steps', count(*) from ancestor.tasker_workflow_steps
union all select 'transitions of tasks', count(*) from ancestor.tasker_task_transitions
union all select 'transitions of steps', count(*) from ancestor.tasker_workflow_step_transitions
union all select 'annotations', count(*) from ancestor.tasker_task_annotations
