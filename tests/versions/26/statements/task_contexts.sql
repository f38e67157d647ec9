-- Contexts that were too large to come with a claim, or that the worker has dropped.
select t.task_id, t.context::text as context from tasker.tasks t where t.task_id = any ($1)
