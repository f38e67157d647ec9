-- Any worker, after a full lease of its own heartbeats; the test driver, of its own workers only.
select worker_id, task_id, step_no, error_code from tasker.reap_workers($1, $2, $3::text::jsonb, 16, $4)
