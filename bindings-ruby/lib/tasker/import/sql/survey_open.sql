-- Survey: what becomes of the steps of open tasks, by the rule of read_steps.sql; how old these tasks are; and whether somebody writes.
with task as materialized (
  select t.task_id, t.created_at::timestamptz as created_at
  from ancestor.tasker_tasks t
  left join ancestor.tasker_task_transitions x on x.task_id = t.task_id and x.most_recent
  where coalesce(x.to_state, 'pending') not in ('complete', 'cancelled', 'resolved_manually')),
step as (
  select coalesce(x.to_state, 'pending') as state, case when s.retryable then greatest(coalesce(s.retry_limit, 3), 1) else 1 end as retry_limit,
         s.retryable, coalesce(s.attempts, 0) as attempts, coalesce(s.results ->> 'error_class', '') = 'Tasker::PermanentError' as permanent,
         not exists (
           select from ancestor.tasker_workflow_step_edges e
           left join ancestor.tasker_workflow_step_transitions p on p.workflow_step_id = e.from_step_id and p.most_recent
           where e.to_step_id = s.workflow_step_id and coalesce(p.to_state, 'pending') not in ('complete', 'resolved_manually')) as free
  from task t
  join ancestor.tasker_workflow_steps s on s.task_id = t.task_id
  left join ancestor.tasker_workflow_step_transitions x on x.workflow_step_id = s.workflow_step_id and x.most_recent),
newest as (
  select greatest((select max(x.created_at) from ancestor.tasker_task_transitions x),
                  (select max(x.created_at) from ancestor.tasker_workflow_step_transitions x))::timestamptz as at)
select count(*) filter (where s.state = 'pending' and s.free) as ready,
       count(*) filter (where s.state = 'error' and not (s.permanent or not s.retryable or s.attempts >= s.retry_limit)) as waiting,
       count(*) filter (where s.state = 'in_progress' and s.retry_limit > 1) as interrupted,
       count(*) filter (where s.state = 'in_progress' and s.retry_limit = 1) as lost,
       count(*) filter (where s.state = 'error' and (s.permanent or not s.retryable or s.attempts >= s.retry_limit)) as failed,
       (select count(*) from task t where t.created_at < now() - interval '30 days') as old,
       (select to_char(min(t.created_at), 'YYYY-MM-DD') from task t) as oldest, to_char(now() - interval '30 days', 'YYYY-MM-DD') as month_ago,
       (select to_char(n.at, 'YYYY-MM-DD HH24:MI:SS TZ') from newest n) as newest,
       (select coalesce(n.at > now() - interval '1 minute', false) from newest n) as recent
from step s
