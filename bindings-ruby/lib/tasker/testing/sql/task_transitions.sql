-- Client::transitions, of a task.
select jsonb_build_object('task_id', l.task_id, 'workflow_step_id', null, 'sort_key', l.sort_key, 'from_state', l.from_state,
  'to_state', l.to_state, 'created_at', l.created_at, 'metadata', l.metadata)::text
from tasker.task_transition_log l where l.task_id = $1 order by l.sort_key
