-- Batch#write: tasks, as the ancestor left them. Their creation, and below their history, is of transaction 2, which is older than any:
-- whoever follows the events from somewhere on is not told of it.
-- A task is regular while its completed sinks can be counted: nothing failed for good or was operated on, and nothing that is done
-- waits for something that is not.
insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, created_at, requested_at, created_xid, state, seq,
  irregular, started_at, completed_at, paused_at, paused_by, paused_reason, initiator, source_system, reason, tags, bypass_steps, context)
select t.task_id, t.named_task_id, t.plan_id, coalesce(s.steps, 0), coalesce(s.open_sinks, 0), t.created_at, o.requested_at::timestamptz, '2',
       t.state, t.moves, coalesce(s.irregular, false), t.started_at, case when t.state not in ('pending', 'in_progress') then t.last_at end,
       case when t.paused then t.imported_at end, case when t.paused then 'tasker:import' end,
       case when t.paused then 'it had not ended when it was imported from tasker-engine 1.0' end,
       coalesce(o.initiator, 'unknown'), coalesce(o.source_system, 'unknown'), coalesce(o.reason, 'unknown'),
       case jsonb_typeof(o.tags::jsonb) when 'array' then array(select e from jsonb_array_elements_text(o.tags::jsonb) e where e is not null)
         when 'string' then array[o.tags::jsonb #>> '{}'] else '{}' end,
       case jsonb_typeof(o.bypass_steps::jsonb)
         when 'array' then array(select e from jsonb_array_elements_text(o.bypass_steps::jsonb) e where e is not null) else '{}' end,
       coalesce(o.context, '{}')
from pg_temp.import_task t
join ancestor.tasker_tasks o on o.task_id = t.old_task_id
left join (
  select s.old_task_id, count(*)::int as steps,
         (count(*) filter (where s.dependents is null and s.state not in ('complete', 'resolved_manually')))::int as open_sinks,
         bool_or(s.state in ('cancelled', 'resolved_manually') or (s.state = 'error' and s.final) or (s.state = 'complete' and s.open_parents > 0)) as irregular
  from pg_temp.import_step s group by 1) s on s.old_task_id = t.old_task_id
order by t.task_id
