-- Map#create. `old_step_ids` are the ids that the steps had, in their order: the step at place n has the number n.
-- The table is the application's, and stays when the ancestor's are dropped: hence no foreign keys.
-- Lock: as a batch. Two that create a table at once do not get along, whatever `if not exists` says.
select pg_advisory_xact_lock(hashtextextended('tasker import', 0));
create table if not exists ancestor.tasker_import_map (
  old_task_id bigint primary key,
  task_id uuid not null unique,
  old_step_ids bigint[] not null,
  imported_at timestamptz not null
)
