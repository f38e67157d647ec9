-- The dispatcher of a worker.
select status, task_id, step_no, claim_no, attempt, step_template_id, lane_id, batch, ready_at, unvalidated, context, inputs, dependencies
from tasker.claim_steps($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
