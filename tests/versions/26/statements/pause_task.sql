-- Client::pause, of one task.
select tasker.pause_task($1, $2, $3)
