-- Map#each_imported: the next tasks that have come over, by their old ids, with their ids. $1: after which one, $2: how many.
select m.old_task_id, m.task_id from ancestor.tasker_import_map m where m.old_task_id > $1::bigint order by m.old_task_id limit $2::int
