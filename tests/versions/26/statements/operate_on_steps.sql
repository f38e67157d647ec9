-- Client::operate_on_steps: one batch.
select task_id, step_no, outcome, message from tasker.operate_on_steps($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
