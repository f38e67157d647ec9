-- The flusher of a worker.
select status, task_id, step_no, claim_no, attempt, step_template_id, lane_id, batch, ready_at, unvalidated, context, inputs, dependencies
from tasker.fail_steps($1, $2, $3, $4, $5::text[]::jsonb[], $6, $7::text::jsonb, $8, $9, $10)
