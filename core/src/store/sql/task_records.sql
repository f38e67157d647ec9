-- Client::task_records: what is kept of tasks besides tasks.sql. Index: tasks_pkey, workflow_steps_pkey, the keys of the trail's partitions.
select jsonb_build_object('task_id', t.task_id, 'identity_hash', encode(t.request_digest, 'hex'), 'created_at', t.created_at,
  'updated_at', greatest(t.created_at, t.paused_at, (
    select m.created_at from tasker.task_transitions m where m.task_id = t.task_id order by m.seq desc limit 1)),
  'steps', coalesce((
    select jsonb_agg(jsonb_build_object('step_no', s.step_no, 'updated_at', greatest(t.created_at, s.last_attempted_at, s.ended_at)))
    from tasker.workflow_steps s where s.task_id = t.task_id), '[]'))::text
from tasker.tasks t where t.task_id = any ($1::uuid[])
