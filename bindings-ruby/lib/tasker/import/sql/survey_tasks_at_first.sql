-- Survey: the tasks by state, before there is a map.
select coalesce(x.to_state, 'pending') as state, count(*) as count
from ancestor.tasker_tasks t
left join ancestor.tasker_task_transitions x on x.task_id = t.task_id and x.most_recent
group by 1 order by 2 desc, 1
