-- The test driver: what of a task may be claimed, and when. Index: workflow_steps_pkey. Locks: none.
select s.step_no, t.name, t.handler, s.ready_at, l.paused
from tasker.workflow_steps s
join tasker.step_templates t on t.step_template_id = s.step_template_id
join tasker.lanes l on l.lane_id = s.lane_id
where s.task_id = $1 and s.ready_at is not null
order by s.ready_at, s.step_no
