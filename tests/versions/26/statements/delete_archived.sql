-- Deletes the tasks that were archived in the same transaction.
select tasks, steps from tasker.delete_archived($1)
