-- Map#each_batch: which of the next tasks by id belong to a part and have not come over yet, and which is the last one looked at.
-- $1: after which one, $2: how many to look at, $3: open | ended. Each is looked up by itself: what the planner knows of a map that
-- is growing is old, and it would join whole tables.
with page as materialized (
  select t.task_id from ancestor.tasker_tasks t where t.task_id > $1::bigint order by t.task_id limit $2::int)
select max(p.task_id) as last, coalesce(array_agg(p.task_id order by p.task_id) filter (where
  (select m.old_task_id from ancestor.tasker_import_map m where m.old_task_id = p.task_id) is null
  and case when coalesce((select x.to_state from ancestor.tasker_task_transitions x where x.task_id = p.task_id and x.most_recent), 'pending')
      in ('complete', 'cancelled', 'resolved_manually') then 'ended' else 'open' end = $3::text), '{}')::text as task_ids
from page p
