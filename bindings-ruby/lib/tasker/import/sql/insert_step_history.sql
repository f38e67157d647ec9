-- Batch#write: the moves of the steps, with their instants and metadata, numbered anew in ones. A move begins where the one before it
-- led to. An attempt begins when the step comes in progress.
with move as (
  select s.task_id, s.step_no, x.workflow_step_id, x.sort_key, x.to_state, x.created_at, x.metadata,
         lag(x.to_state) over w as from_state, row_number() over w as place,
         count(*) filter (where x.to_state = 'in_progress') over w as attempt
  from pg_temp.import_step s
  join ancestor.tasker_workflow_step_transitions x on x.workflow_step_id = s.old_step_id
  window w as (partition by x.workflow_step_id order by x.sort_key))
insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, xid, created_at, metadata)
select m.task_id, m.step_no, row_number() over (partition by m.workflow_step_id order by m.sort_key),
       coalesce(m.from_state, 'pending')::tasker.state, m.to_state::tasker.state, nullif(m.attempt, 0), '2', m.created_at::timestamptz,
       nullif(m.metadata, '{}')
from move m where m.place > 1 or m.to_state <> 'pending'
order by 1, 2, 3
