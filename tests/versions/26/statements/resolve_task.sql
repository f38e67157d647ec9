-- Client::resolve_task.
select tasker.resolve_task($1, $2, $3)
