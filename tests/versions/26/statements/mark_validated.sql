-- A task made by raw SQL has been validated at its first claim; its context with the defaults filled in.
-- Locks the task's row. migrations/sql/0026_roles.sql.
select tasker.mark_validated($1, $2::text::jsonb)
