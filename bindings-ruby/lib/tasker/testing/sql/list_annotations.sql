-- Client::list_annotations: what was noted on tasks, oldest first. Index: task_annotations_task. Locks: none.
select jsonb_build_object('task_annotation_id', a.task_annotation_id, 'task_id', a.task_id, 'annotation_type', y.name,
  'annotation', a.annotation, 'created_at', a.created_at)::text
from tasker.task_annotations a join tasker.annotation_types y on y.annotation_type_id = a.annotation_type_id
where a.task_id = any ($1::uuid[]) order by a.task_annotation_id
