-- Map#remaining: how many tasks of each part have not come over yet.
select case when coalesce(x.to_state, 'pending') in ('complete', 'cancelled', 'resolved_manually') then 'ended' else 'open' end as part,
       count(*) as tasks
from ancestor.tasker_tasks t
left join ancestor.tasker_task_transitions x on x.task_id = t.task_id and x.most_recent
where not exists (select from ancestor.tasker_import_map m where m.old_task_id = t.task_id)
group by 1
