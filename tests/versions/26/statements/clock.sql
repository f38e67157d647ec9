-- The test driver: the time of the caller's transaction.
select tasker.clock() as now
