-- Client::resume, of one task.
select tasker.resume_task($1, $2, $3)
