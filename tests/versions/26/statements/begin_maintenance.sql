-- Takes a kind of maintenance, if it is due.
select at_cursor from tasker.begin_maintenance($1, $2)
