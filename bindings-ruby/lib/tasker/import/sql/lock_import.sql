-- Partitions#create: one import at a time.
select pg_advisory_xact_lock(hashtextextended('tasker import', 0))
