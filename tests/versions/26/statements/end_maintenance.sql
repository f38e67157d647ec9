-- Says when a kind of maintenance is due next.
select tasker.end_maintenance($1, $2, $3)
