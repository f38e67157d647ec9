-- Client::list_tasks: ids, newest first. Index: tasks_pkey backwards (a task's id is its time).
select t.task_id
from tasker.tasks t
join tasker.named_tasks n on n.named_task_id = t.named_task_id
join tasker.namespaces ns on ns.namespace_id = n.namespace_id
where ($1::text is null or ns.name = $1) and ($2::text is null or n.name = $2) and ($3::text is null or n.version = $3)
  and (cardinality($4::text[]) = 0 or t.state::text = any ($4)) and t.tags @> $5::text[]
  and ($6::timestamptz is null or t.created_at >= $6) and ($7::uuid is null or t.task_id < $7)
  and ($9::timestamptz is null or t.created_at < $9) and ($10::boolean is null or (t.paused_at is not null) = $10)
  and ($11::text is null or exists (
    select from tasker.workflow_steps s where s.task_id = t.task_id and s.state = 'error' and s.results ->> 'error_code' = $11))
order by t.task_id desc limit $8
