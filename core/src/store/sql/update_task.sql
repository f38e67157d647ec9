-- Client::update_task.
select tasker.update_task($1, $2, $3, $4, $5, $6)
