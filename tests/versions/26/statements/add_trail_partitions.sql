-- Makes the partitions of the trail ahead.
select * from tasker.add_trail_partitions($1)
