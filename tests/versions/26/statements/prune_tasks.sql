-- Deletes a batch of finished tasks.
select tasks, steps, next_after from tasker.prune_tasks($1::text::jsonb, $2, $3)
