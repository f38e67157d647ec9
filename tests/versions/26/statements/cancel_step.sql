-- Client::cancel_step.
select tasker.cancel_step($1, $2, $3, $4)
