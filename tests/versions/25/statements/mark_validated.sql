-- A task made by raw SQL has been validated at its first claim; its context with the defaults filled in.
update tasker.tasks set unvalidated = false, context = coalesce($2::text::jsonb, context) where task_id = $1 and unvalidated
