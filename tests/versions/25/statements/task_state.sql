-- Client::wait: cheap enough to ask often. Index: tasks_pkey.
select t.state::text from tasker.tasks t where t.task_id = $1
