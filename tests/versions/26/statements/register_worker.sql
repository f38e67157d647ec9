-- A worker begins.
select tasker.register_worker($1, $2, $3, $4, $5, $6, $7, $8)
