-- Client::transitions of a step, Client::step_transitions of all.
select jsonb_build_object('task_id', l.task_id, 'workflow_step_id', l.workflow_step_id, 'sort_key', l.sort_key,
  'from_state', l.from_state, 'to_state', l.to_state, 'created_at', l.created_at, 'metadata', l.metadata
    || jsonb_strip_nulls(jsonb_build_object('attempt', l.attempt, 'worker_id', l.worker_id)))::text
from tasker.workflow_step_transition_log l where l.task_id = $1 and ($2::int is null or l.workflow_step_id = $2) order by l.workflow_step_id, l.sort_key
