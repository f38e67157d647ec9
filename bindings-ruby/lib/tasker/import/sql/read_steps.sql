-- Batch#read: the steps of the batch, and what becomes of each.
--
-- In a task that has ended nothing is open: what is, is cancelled, as the engine does when it ends a task.
-- What was in progress ran in a process that is no more. It runs again, and the attempt counts; where it may run once only, it has
-- failed for good, since nobody knows how far it came.
-- A failed step is tried again while attempts are left, unless its handler said that it must not.
-- An instant that has passed is now: workers have looked through the past already.
with step as materialized (
  select t.task_id, t.old_task_id, t.live, t.imported_at, s.workflow_step_id as old_step_id, s.named_step_id as old_named_step_id,
         (row_number() over (partition by s.task_id order by s.workflow_step_id))::int as step_no, n.name, d.name as system,
         s.retryable, s.skippable, case when s.retryable then greatest(coalesce(s.retry_limit, 3), 1) else 1 end as retry_limit,
         coalesce(s.attempts, 0) as attempts,
         s.last_attempted_at::timestamptz + make_interval(secs => s.backoff_request_seconds) as asked_at,
         coalesce(s.results ->> 'error_class', '') = 'Tasker::PermanentError' as permanent,
         m.moves, m.last_at, coalesce(m.last_state, 'pending')::tasker.state as was
  from pg_temp.import_task t
  join ancestor.tasker_workflow_steps s on s.task_id = t.old_task_id
  join ancestor.tasker_named_steps n on n.named_step_id = s.named_step_id
  join ancestor.tasker_dependent_systems d on d.dependent_system_id = n.dependent_system_id
  cross join lateral (
    select count(*) filter (where x.place > 1 or x.to_state <> 'pending') as moves,
           (array_agg(x.created_at order by x.place desc))[1]::timestamptz as last_at,
           (array_agg(x.to_state order by x.place desc))[1] as last_state
    from (select y.to_state, y.created_at, row_number() over (order by y.sort_key) as place
          from ancestor.tasker_workflow_step_transitions y where y.workflow_step_id = s.workflow_step_id) x) m),
edge as materialized (
  -- The ancestor has some twice.
  select distinct p.old_task_id, p.step_no as parent_no, c.step_no as child_no, p.was not in ('complete', 'resolved_manually') as open
  from step p
  join ancestor.tasker_workflow_step_edges e on e.from_step_id = p.old_step_id
  join step c on c.old_step_id = e.to_step_id and c.old_task_id = p.old_task_id and c.old_step_id <> p.old_step_id),
fate as (
  select s.*, coalesce(p.parents, '{}') as parents, c.dependents, coalesce(p.open_parents, 0) as open_parents, f.final,
         (case when not s.live and (s.was in ('pending', 'in_progress') or (s.was = 'error' and not f.final)) then 'cancelled'
               when s.was = 'in_progress' and s.retry_limit = 1 then 'error'
               when s.was = 'in_progress' then 'pending'
               else s.was::text end)::tasker.state as state
  from step s
  cross join lateral (
    select s.was = 'error' and (s.permanent or not s.retryable or s.attempts >= s.retry_limit) as final) f
  left join (select e.old_task_id, e.child_no as step_no, array_agg(e.parent_no order by e.parent_no) as parents,
                    (count(*) filter (where e.open))::int as open_parents
             from edge e group by 1, 2) p using (old_task_id, step_no)
  left join (select e.old_task_id, e.parent_no as step_no, array_agg(e.child_no order by e.child_no) as dependents
             from edge e group by 1, 2) c using (old_task_id, step_no))
insert into pg_temp.import_step (old_step_id, old_task_id, old_named_step_id, task_id, step_no, name, system, retryable, skippable,
  retry_limit, parents, dependents, open_parents, was, state, final, permanent, attempts, moves, last_at, due_at)
select f.old_step_id, f.old_task_id, f.old_named_step_id, f.task_id, f.step_no, f.name, f.system, f.retryable, f.skippable, f.retry_limit,
       f.parents, f.dependents, f.open_parents, f.was, f.state, f.final or (f.state = 'error' and f.was = 'in_progress'), f.permanent,
       f.attempts + (f.was = 'in_progress')::int, f.moves, f.last_at,
       case when not f.live then null
            when f.state = 'pending' and f.open_parents = 0 then f.imported_at
            when f.was = 'error' and not f.final then
              greatest(f.imported_at, coalesce(f.asked_at, f.last_at + make_interval(secs => least(power(2, least(f.attempts, 5)), 30)))) end
from fate f
