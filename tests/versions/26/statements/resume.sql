-- Client::resume, of a namespace, a named task or a handler.
select tasker.resume($1, $2, $3, $4, $5)
