-- Client::retry_step.
select tasker.retry_step($1, $2, $3, $4, $5)
