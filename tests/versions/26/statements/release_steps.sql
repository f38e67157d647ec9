-- A worker hands back what it did not start.
select tasker.release_steps($1, $2, $3, $4)
