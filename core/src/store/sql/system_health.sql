-- Client::system_health: how many tasks and steps are in which state. Reads both tables from end to end. Locks: none.
select to_jsonb(h)::text from tasker.get_system_health_counts_v01() h
