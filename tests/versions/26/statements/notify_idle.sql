-- After a commit that made steps ready or took them away from their worker.
select tasker.notify_idle($1)
