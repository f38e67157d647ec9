-- Source#problems: what the engine has no place for. It reads all transitions: seconds for millions.
select format('the named task %s (named_task_id %s) has the version %L; a version is MAJOR.MINOR.PATCH', t.name, t.named_task_id, t.version) as problem
from ancestor.tasker_named_tasks t where t.version !~ '^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$'
union all
select format('%s transitions of tasks lead to the state %L, which there is not', count(*), x.to_state)
from ancestor.tasker_task_transitions x
where x.to_state not in ('pending', 'in_progress', 'complete', 'error', 'cancelled', 'resolved_manually') group by x.to_state
union all
select format('%s transitions of steps lead to the state %L, which there is not', count(*), x.to_state)
from ancestor.tasker_workflow_step_transitions x
where x.to_state not in ('pending', 'in_progress', 'complete', 'error', 'cancelled', 'resolved_manually') group by x.to_state
order by 1
