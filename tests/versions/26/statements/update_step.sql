-- Client::update_step.
select tasker.update_step($1, $2, $3, $4::text::jsonb, $5, $6)
