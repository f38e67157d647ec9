-- A worker has handed everything back.
select tasker.stop_worker($1)
