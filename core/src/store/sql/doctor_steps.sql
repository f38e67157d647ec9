-- Client::doctor: steps past their deadline in the hands of live workers; and of the newest 10,000 tasks how many are in error,
-- and which steps are in quarantine. Looking at all tasks would cost as much as the history is long.
-- Index: workers_live, worker_claims_pkey, workflow_steps_pkey, tasks_pkey backwards. Locks: none.
with stuck as (
  select s.task_id, s.step_no, t.name, t.handler, w.worker_id,
         extract(epoch from tasker.clock() - s.last_attempted_at) - t.timeout_seconds as seconds
  from tasker.workers w join tasker.worker_heartbeats b on b.worker_id = w.worker_id cross join lateral tasker.held_steps(w.worker_id) h
  join tasker.workflow_steps s on s.task_id = h.task_id and s.step_no = h.step_no
  join tasker.step_templates t on t.step_template_id = s.step_template_id
  where w.stopped_at is null and w.state in ('alive', 'draining') and b.heartbeat_at + make_interval(secs => w.lease_seconds) >= tasker.clock()
    and s.last_attempted_at + make_interval(secs => t.timeout_seconds) < tasker.clock()),
recent as (
  select k.task_id, k.state, k.irregular from tasker.tasks k order by k.task_id desc limit 10000),
quarantined as (
  select s.task_id, s.step_no, t.name, t.handler, s.ended_at
  from recent r join tasker.workflow_steps s on s.task_id = r.task_id
  join tasker.step_templates t on t.step_template_id = s.step_template_id
  where r.irregular and r.state in ('error', 'in_progress') and s.state = 'error' and s.results ->> 'error_code' = 'poison_pill')
select jsonb_build_object(
  'now', tasker.clock(),
  'stuck', (select count(*) from stuck),
  'stuck_steps', (select coalesce(jsonb_agg(to_jsonb(x) order by x.seconds desc), '[]') from (select * from stuck order by seconds desc limit 5) x),
  'quarantined', (select count(*) from quarantined),
  'quarantined_steps', (select coalesce(jsonb_agg(to_jsonb(x) order by x.ended_at desc), '[]') from (select * from quarantined order by ended_at desc limit 5) x),
  'tasks_in_error', (select count(*) from recent r where r.state = 'error'),
  'task_in_error', (select r.task_id from recent r where r.state = 'error' order by r.task_id desc limit 1),
  'looked_at', (select count(*) from recent))::text
