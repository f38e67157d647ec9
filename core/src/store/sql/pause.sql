-- Client::pause, of a namespace, a named task or a handler that a template names.
select tasker.pause($1, $2, $3, $4, $5) from tasker.refuse_unknown_scope($1, $2, $3)
