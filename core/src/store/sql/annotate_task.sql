-- Client::annotate_task. migrations/sql/0030_operator_actions.sql. Locks: the task FOR KEY SHARE.
select jsonb_build_object('task_annotation_id', a.task_annotation_id, 'task_id', a.task_id, 'annotation_type', trim($2),
  'annotation', a.annotation, 'created_at', a.created_at)::text
from tasker.annotate_task($1, $2, $3::jsonb, $4, $5) a
