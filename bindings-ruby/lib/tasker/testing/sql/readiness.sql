-- Client::readiness.
select to_jsonb(r)::text from tasker.get_step_readiness_status($1) r
