-- Client::doctor: who looks after the database beside its steps, where no worker lives. Upkeep takes a process that stays for longer than
-- its lease; one that runs a single task and ends does none. Index: workers_pkey (the newest 10,000), worker_heartbeats_pkey. Locks: none.
select jsonb_build_object(
  'short_runs', count(*) filter (where w.until - w.started_at < make_interval(secs => w.lease_seconds)
                                 and w.until > tasker.clock() - make_interval(secs => 3600)),
  'stayed_until', max(w.until) filter (where w.until - w.started_at >= make_interval(secs => w.lease_seconds)),
  'stayed_seconds_ago', extract(epoch from tasker.clock() - max(w.until) filter (
     where w.until - w.started_at >= make_interval(secs => w.lease_seconds))))::text
from (
  select x.started_at, x.lease_seconds, greatest(coalesce(x.stopped_at, b.heartbeat_at), x.started_at) as until
  from tasker.workers x join tasker.worker_heartbeats b on b.worker_id = x.worker_id
  order by x.worker_id desc limit 10000) w
