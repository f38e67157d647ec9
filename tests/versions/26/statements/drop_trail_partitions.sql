-- Drops the partitions of the trail whose time is over.
select dropped, blocked_by from tasker.drop_trail_partitions($1)
