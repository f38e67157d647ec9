-- Client::resolve_step.
select tasker.resolve_step($1, $2, $3::text::jsonb, $4, $5)
