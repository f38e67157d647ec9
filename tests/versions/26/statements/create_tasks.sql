-- Client::create_tasks, create_task_in: answers in the order of the requests.
select task_id, created, pruned from tasker.create_tasks($1::text::jsonb) order by ord
