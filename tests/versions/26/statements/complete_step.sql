-- A handler, on its own connection: the step takes effect with the handler's transaction.
select tasker.complete_step($1, $2, $3, $4::text::jsonb)
