-- Batch#read: temporary tables are analysed by nobody else. The graph of a task is what its plan is found by.
analyze pg_temp.import_task;
analyze pg_temp.import_step;
update pg_temp.import_task t set graph = coalesce((
  select jsonb_agg(jsonb_build_array(s.name, s.system, s.parents, s.retryable, s.skippable) order by s.step_no)
  from pg_temp.import_step s where s.old_task_id = t.old_task_id), '[]')::text
