-- What a worker compares with what it holds.
select task_id, step_no, claim_no from tasker.held_steps($1)
