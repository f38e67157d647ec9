-- Batch#import: what came over. Numbers of steps but for `tasks`, `moves`, `annotations` and `paused`.
select jsonb_build_object(
  'tasks', (select count(*) from pg_temp.import_task), 'paused', (select count(*) from pg_temp.import_task t where t.paused),
  'moves', (select coalesce(sum(t.moves), 0) from pg_temp.import_task t) + coalesce(sum(s.moves), 0),
  'annotations', (select count(*) from pg_temp.import_task t join ancestor.tasker_task_annotations o on o.task_id = t.old_task_id),
  'steps', count(*), 'interrupted', count(*) filter (where s.was = 'in_progress' and s.state = 'pending'),
  'lost', count(*) filter (where s.was = 'in_progress' and s.state = 'error'),
  'cancelled', count(*) filter (where s.was <> 'cancelled' and s.state = 'cancelled'),
  'ready', count(*) filter (where s.state = 'pending' and s.due_at is not null),
  'waiting', count(*) filter (where s.state = 'error' and s.due_at is not null))::text
from pg_temp.import_step s
