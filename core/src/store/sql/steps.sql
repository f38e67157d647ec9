-- Steps of tasks, by number. Siblings are found by the caller. Index: workflow_steps_pkey.
with parent as (
  select s.task_id, d.step_no, array_agg(s.step_no order by s.step_no) as parents
  from tasker.workflow_steps s cross join lateral unnest(s.dependents) d(step_no)
  where s.task_id = any ($1::uuid[]) group by 1, 2)
select jsonb_build_object(
  'task_id', s.task_id, 'workflow_step_id', s.step_no, 'name', t.name, 'named_step_id', t.named_step_id, 'handler', t.handler,
  'status', s.state, 'attempts', s.attempts, 'retry_limit', s.retry_limit, 'skippable', t.skippable, 'retryable', t.retryable,
  'processed', s.state in ('complete', 'resolved_manually'),
  'processed_at', case when s.state in ('complete', 'resolved_manually') then s.ended_at end,
  'in_process', s.state = 'in_progress', 'backoff_request_seconds', s.backoff_request_seconds,
  'last_attempted_at', s.last_attempted_at, 'next_retry_at', case when s.state = 'error' then coalesce(s.ready_at, s.held_at) end,
  'inputs', coalesce(s.inputs, k.context), 'results', coalesce(s.results, '{}'),
  'children_ids', to_jsonb(coalesce(s.dependents, '{}')), 'parents_ids', to_jsonb(coalesce(p.parents, '{}')),
  'siblings_ids', '[]'::jsonb, 'claim_no', s.claim_no, 'worker_losses', s.worker_losses,
  'paused', s.held_at is not null or (s.ready_at is not null and l.paused), 'priority', l.priority)::text
from tasker.workflow_steps s
join tasker.tasks k on k.task_id = s.task_id
join tasker.step_templates t on t.step_template_id = s.step_template_id
join tasker.lanes l on l.lane_id = s.lane_id
left join parent p on p.task_id = s.task_id and p.step_no = s.step_no
where s.task_id = any ($1::uuid[])
order by s.task_id, s.step_no
