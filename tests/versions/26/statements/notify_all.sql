-- After a task was cancelled or paused: workers look whether they hold steps of it.
select pg_notify(tasker.channel(), $1)
