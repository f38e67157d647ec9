-- Client::pause, of a namespace, a named task or a handler.
select tasker.pause($1, $2, $3, $4, $5)
