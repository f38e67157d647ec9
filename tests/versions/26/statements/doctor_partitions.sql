-- Client::doctor: the partitions of the trail and how large the DEFAULT ones are (the table alone, as add_trail_partitions
-- looks at it). Catalogs only. Locks: none.
select jsonb_build_object(
  'count', count(*), 'made_until', max(p.to_at), 'now', tasker.clock(),
  'default_bytes', pg_relation_size('tasker.workflow_step_transitions_default') + pg_relation_size('tasker.task_transitions_default'))::text
from tasker.trail_partitions() p
