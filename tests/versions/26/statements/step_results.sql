-- Results of the steps of a task that have ended well, by name: for a handler that asks for more than it was given.
select t.name, s.results::text as results
from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
where s.task_id = $1 and s.state in ('complete', 'resolved_manually')
