-- The number of a step by its name. Index: workflow_steps_pkey.
select s.step_no
from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
where s.task_id = $1 and t.name = $2
