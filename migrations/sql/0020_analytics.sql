-- The ancestor's counts and analytics, from data. Locks: none. They read whole tables or ranges of them: for dashboards, not
-- for hot paths.
create function tasker.get_system_health_counts_v01()
returns table (total_tasks bigint, pending_tasks bigint, in_progress_tasks bigint, complete_tasks bigint, error_tasks bigint,
  cancelled_tasks bigint, total_steps bigint, pending_steps bigint, in_progress_steps bigint, complete_steps bigint, error_steps bigint,
  retryable_error_steps bigint, exhausted_retry_steps bigint, in_backoff_steps bigint, active_connections bigint, max_connections bigint)
language sql stable as $$
  select t.*, s.*,
    (select count(*) from pg_stat_activity a where a.datname = current_database() and a.state = 'active'),
    current_setting('max_connections')::bigint
  from (select count(*), count(*) filter (where state = 'pending'), count(*) filter (where state = 'in_progress'),
               count(*) filter (where state = 'complete'), count(*) filter (where state = 'error'), count(*) filter (where state = 'cancelled')
        from tasker.tasks) t,
       (select count(*), count(*) filter (where state = 'pending'), count(*) filter (where state = 'in_progress'),
               count(*) filter (where state = 'complete'), count(*) filter (where state = 'error'),
               count(*) filter (where state = 'error' and (ready_at is not null or held_at is not null)),
               count(*) filter (where state = 'error' and ready_at is null and held_at is null),
               count(*) filter (where state = 'error' and ready_at > tasker.clock())
        from tasker.workflow_steps) s
$$;

create function tasker.get_analytics_metrics_v01(since_timestamp timestamptz default null)
returns table (active_tasks_count bigint, total_namespaces_count bigint, unique_task_types_count bigint, system_health_score numeric(5, 3),
  task_throughput bigint, completion_count bigint, error_count bigint, completion_rate numeric(5, 2), error_rate numeric(5, 2),
  avg_task_duration numeric(10, 3), avg_step_duration numeric(10, 3), step_throughput bigint, analysis_period_start timestamptz,
  calculated_at timestamptz)
language sql stable as $$
  with period as (select coalesce(since_timestamp, tasker.clock() - interval '1 hour') as since, tasker.clock() as now),
  task as (
    select count(*) filter (where t.created_at >= p.since) as created,
           count(*) filter (where t.state in ('complete', 'resolved_manually') and t.completed_at >= p.since) as completed,
           count(*) filter (where t.state = 'error' and t.completed_at >= p.since) as failed,
           avg(extract(epoch from t.completed_at - t.created_at)) filter (where t.state = 'complete' and t.completed_at >= p.since) as duration,
           count(*) filter (where t.state in ('pending', 'in_progress')) as active
    from tasker.tasks t, period p),
  step as (
    select count(*) as completed, avg(extract(epoch from s.ended_at - s.last_attempted_at)) as duration
    from tasker.workflow_steps s, period p where s.state = 'complete' and s.ended_at >= p.since)
  select task.active, (select count(*) from tasker.namespaces), (select count(distinct (namespace_id, name)) from tasker.named_tasks),
    coalesce(round(task.completed::numeric / nullif(task.completed + task.failed, 0), 3), 1.0)::numeric(5, 3),
    task.created, task.completed, task.failed,
    coalesce(round(task.completed::numeric * 100 / nullif(task.completed + task.failed, 0), 2), 0)::numeric(5, 2),
    coalesce(round(task.failed::numeric * 100 / nullif(task.completed + task.failed, 0), 2), 0)::numeric(5, 2),
    coalesce(task.duration, 0)::numeric(10, 3), coalesce(step.duration, 0)::numeric(10, 3), step.completed, period.since, period.now
  from task, step, period
$$;

create function tasker.get_slowest_steps_v01(since_timestamp timestamptz default null, limit_count int default 10,
  namespace_filter text default null, task_name_filter text default null, version_filter text default null)
returns table (workflow_step_id int, task_id uuid, step_name varchar(128), task_name varchar(64), namespace_name varchar(64),
  version varchar(64), duration_seconds numeric(10, 3), attempts int, created_at timestamptz, completed_at timestamptz, retryable boolean,
  step_status varchar(64))
language sql stable as $$
  select s.step_no, s.task_id, st.name, n.name, ns.name, n.version, extract(epoch from s.ended_at - t.created_at)::numeric(10, 3),
         s.attempts, t.created_at, s.ended_at, st.retryable, s.state::varchar(64)
  from tasker.workflow_steps s
  join tasker.tasks t on t.task_id = s.task_id
  join tasker.step_templates st on st.step_template_id = s.step_template_id
  join tasker.named_tasks n on n.named_task_id = t.named_task_id
  join tasker.namespaces ns on ns.namespace_id = n.namespace_id
  where s.state = 'complete' and t.created_at >= coalesce(since_timestamp, tasker.clock() - interval '24 hours') and s.ended_at > t.created_at
    and (namespace_filter is null or ns.name = namespace_filter) and (task_name_filter is null or n.name = task_name_filter)
    and (version_filter is null or n.version = version_filter)
  order by 7 desc limit limit_count
$$;

create function tasker.get_slowest_tasks_v01(since_timestamp timestamptz default null, limit_count int default 10,
  namespace_filter text default null, task_name_filter text default null, version_filter text default null)
returns table (task_id uuid, task_name varchar(64), namespace_name varchar(64), version varchar(64), duration_seconds numeric(10, 3),
  step_count bigint, completed_steps bigint, error_steps bigint, created_at timestamptz, completed_at timestamptz, initiator varchar(128),
  source_system varchar(128))
language sql stable as $$
  with slow as (
    select t.*, n.name as task_name, ns.name as namespace_name, n.version, extract(epoch from t.completed_at - t.created_at) as duration
    from tasker.tasks t
    join tasker.named_tasks n on n.named_task_id = t.named_task_id
    join tasker.namespaces ns on ns.namespace_id = n.namespace_id
    where t.state in ('complete', 'error') and t.created_at >= coalesce(since_timestamp, tasker.clock() - interval '24 hours')
      and (namespace_filter is null or ns.name = namespace_filter) and (task_name_filter is null or n.name = task_name_filter)
      and (version_filter is null or n.version = version_filter)
    order by duration desc limit limit_count)
  select s.task_id, s.task_name, s.namespace_name, s.version, s.duration::numeric(10, 3), c.total, c.completed, c.failed,
         s.created_at, s.completed_at, s.initiator::varchar(128), s.source_system::varchar(128)
  from slow s cross join lateral (
    select count(*) as total, count(*) filter (where w.state in ('complete', 'resolved_manually')) as completed,
           count(*) filter (where w.state = 'error') as failed
    from tasker.workflow_steps w where w.task_id = s.task_id) c
  order by s.duration desc
$$;
