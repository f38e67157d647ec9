-- Client::operate_in_bulk: one batch.
select task_id, outcome, message from tasker.operate_on_tasks($1, $2, $3, $4)
