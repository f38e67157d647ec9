-- Client::list_steps: steps of a task by number, without inputs and results. Index: workflow_steps_pkey.
select jsonb_build_object('task_id', s.task_id, 'workflow_step_id', s.step_no, 'name', t.name, 'handler', t.handler, 'status', s.state,
  'attempts', s.attempts, 'retry_limit', s.retry_limit, 'last_attempted_at', s.last_attempted_at, 'ended_at', s.ended_at,
  'next_retry_at', case when s.state = 'error' then coalesce(s.ready_at, s.held_at) end,
  'error', case when s.state = 'error' then s.results ->> 'error' end,
  'error_code', case when s.state = 'error' then s.results ->> 'error_code' end)::text
from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
where s.task_id = $1 and ($2::int is null or s.step_no > $2)
  and (cardinality($3::text[]) = 0 or s.state::text = any ($3)) and ($4::text is null or t.handler = $4)
  and ($5::text is null or (s.state = 'error' and s.results ->> 'error_code' = $5))
order by s.step_no limit $6
