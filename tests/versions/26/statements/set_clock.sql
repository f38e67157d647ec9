-- The test driver: moves the clock of the caller's transaction, and of no other. The setting is called the same in a schema
-- of another name.
select set_config('tasker' || '.now', $1, true)
