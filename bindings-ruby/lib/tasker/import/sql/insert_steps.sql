-- Batch#write: steps. What can still be claimed goes into the lane that fits what is left of its budget: one call a distinct lane.
-- The results of a failure get what the engine reads in them; those of an attempt that was cut off go into the failure's details.
with step as materialized (
  select s.*, p.step_template_id, p.lane_id,
         case when t.live and s.state in ('pending', 'error') then tasker.claim_mode(s.attempts, s.retry_limit, 0, 3) end as mode, t.paused, t.imported_at
  from pg_temp.import_step s
  join pg_temp.import_task t on t.old_task_id = s.old_task_id
  join tasker.step_templates p on p.plan_id = t.plan_id and p.step_no = s.step_no),
lane as materialized (
  select k.lane_id, k.mode, tasker.sibling_lane(k.lane_id, null, k.mode) as moved_lane_id
  from (select distinct s.lane_id, s.mode from step s where s.mode is not null order by 1, 2) k)
insert into tasker.workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id, state, open_parents,
  claim_no, attempts, seq, ready_at, held_at, last_attempted_at, ended_at, backoff_request_seconds, inputs, results)
select s.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents, coalesce(l.moved_lane_id, s.lane_id), s.state,
       s.open_parents, s.attempts, s.attempts, s.moves + (s.state <> s.was)::int,
       case when not s.paused then s.due_at end, case when s.paused then s.due_at end, o.last_attempted_at::timestamptz,
       case when s.state = 'pending' then null when s.state <> s.was then s.imported_at
            when s.state in ('complete', 'resolved_manually') then coalesce(o.processed_at::timestamptz, s.last_at) else s.last_at end,
       o.backoff_request_seconds, case when o.inputs is distinct from k.context then o.inputs end,
       case when s.state = 'error' and s.was = 'in_progress' then jsonb_build_object(
              'error', 'the process of tasker-engine 1.0 that ran this step is no more, and the step may run only once', 'error_class', null,
              'error_code', 'worker_lost', 'backtrace', null, 'retryable', false, 'attempt', s.attempts,
              'details', jsonb_build_object('results', o.results))
            when s.was = 'error' then
              jsonb_build_object('error_code', coalesce(o.results -> 'error_code', o.results #> '{error_details,error_code}', 'null'))
              || case when jsonb_typeof(o.results) = 'object' then o.results else jsonb_build_object('error', o.results) end
              || jsonb_build_object('retryable', not s.permanent, 'attempt', s.attempts)
            when s.was in ('complete', 'resolved_manually') then coalesce(o.results, '{}')
            else nullif(o.results, '{}') end
from step s
join ancestor.tasker_workflow_steps o on o.workflow_step_id = s.old_step_id
join ancestor.tasker_tasks k on k.task_id = s.old_task_id
left join lane l on l.lane_id = s.lane_id and l.mode = s.mode
order by s.task_id, s.step_no
