-- Batch#write: annotations, in the order in which they were made.
insert into tasker.task_annotations (task_id, annotation_type_id, annotation, created_at, updated_at)
select t.task_id, y.annotation_type_id, coalesce(o.annotation, 'null'), o.created_at::timestamptz, o.updated_at::timestamptz
from pg_temp.import_task t
join ancestor.tasker_task_annotations o on o.task_id = t.old_task_id
join ancestor.tasker_annotation_types oy on oy.annotation_type_id = o.annotation_type_id
join tasker.annotation_types y on y.name = oy.name
order by o.task_annotation_id
