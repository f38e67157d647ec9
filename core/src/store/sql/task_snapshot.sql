-- Client::dependency_analysis: a task with the readiness of its steps and what waits for each, at one time. No row where there is
-- no such task. Index: tasks_pkey, workflow_steps_pkey.
select jsonb_build_object(
  'task_id', c.task_id, 'taken_at', tasker.clock(), 'completion_percentage', c.completion_percentage,
  'health_status', c.health_status, 'steps', coalesce((
    select jsonb_agg(to_jsonb(r) || jsonb_build_object('children_ids', coalesce(s.dependents, '{}')) order by r.workflow_step_id)
    from tasker.get_step_readiness_status(c.task_id) r
    join tasker.workflow_steps s on s.task_id = c.task_id and s.step_no = r.workflow_step_id), '[]'))::text
from tasker.get_task_execution_context($1) c
