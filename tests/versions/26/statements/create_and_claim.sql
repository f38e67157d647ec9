-- Client::create_task, with a hungry worker in the same process.
select status, task_id, step_no, claim_no, attempt, step_template_id, lane_id, batch, ready_at, unvalidated, context, inputs, dependencies
from tasker.create_and_claim($1::text::jsonb, $2, $3, $4)
