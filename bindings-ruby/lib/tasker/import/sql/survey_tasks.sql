-- Survey: the tasks that have not come over yet, by state.
select coalesce(x.to_state, 'pending') as state, count(*) as count
from ancestor.tasker_tasks t
left join ancestor.tasker_task_transitions x on x.task_id = t.task_id and x.most_recent
where not exists (select from ancestor.tasker_import_map m where m.old_task_id = t.task_id)
group by 1 order by 2 desc, 1
