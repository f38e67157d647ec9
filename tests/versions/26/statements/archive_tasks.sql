-- Locks a batch of finished tasks and gives them out for the archive.
select task_id, part, document from tasker.archive_tasks($1::text::jsonb, $2, $3)
