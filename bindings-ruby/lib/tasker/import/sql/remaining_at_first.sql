-- Map#remaining, before there is a map.
select case when coalesce(x.to_state, 'pending') in ('complete', 'cancelled', 'resolved_manually') then 'ended' else 'open' end as part,
       count(*) as tasks
from ancestor.tasker_tasks t
left join ancestor.tasker_task_transitions x on x.task_id = t.task_id and x.most_recent
group by 1
