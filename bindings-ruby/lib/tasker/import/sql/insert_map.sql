-- Batch#write: from here on these tasks have come over. Where the map was lost, the tasks are there: they are written down anew, and
-- left alone.
insert into ancestor.tasker_import_map (old_task_id, task_id, old_step_ids, imported_at)
select t.old_task_id, t.task_id, array(select s.old_step_id from pg_temp.import_step s where s.old_task_id = t.old_task_id order by s.step_no),
       t.imported_at
from pg_temp.import_task t order by t.old_task_id
on conflict do nothing;

delete from pg_temp.import_step s using tasker.tasks x where x.task_id = s.task_id;
delete from pg_temp.import_task t using tasker.tasks x where x.task_id = t.task_id;
