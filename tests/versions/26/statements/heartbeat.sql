-- The heartbeat thread of a worker.
select tasker.heartbeat($1, $2, $3::text::jsonb)
