-- A worker was asked to stop.
select tasker.drain_worker($1)
