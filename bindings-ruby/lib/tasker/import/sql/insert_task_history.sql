-- Batch#write: the moves of the tasks, as those of the steps.
with move as (
  select t.task_id, x.sort_key, x.to_state, x.created_at, x.metadata, lag(x.to_state) over w as from_state, row_number() over w as place
  from pg_temp.import_task t
  join ancestor.tasker_task_transitions x on x.task_id = t.old_task_id
  window w as (partition by x.task_id order by x.sort_key))
insert into tasker.task_transitions (task_id, seq, from_state, to_state, xid, created_at, metadata)
select m.task_id, row_number() over (partition by m.task_id order by m.sort_key), coalesce(m.from_state, 'pending')::tasker.state,
       m.to_state::tasker.state, '2', m.created_at::timestamptz, nullif(m.metadata, '{}')
from move m where m.place > 1 or m.to_state <> 'pending'
order by 1, 2
