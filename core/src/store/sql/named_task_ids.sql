-- Store::search_tasks: the named tasks of a namespace, a name, a version. Locks: none.
select n.named_task_id
from tasker.named_tasks n join tasker.namespaces ns on ns.namespace_id = n.namespace_id
where ($1::text is null or ns.name = $1) and ($2::text is null or n.name = $2) and ($3::text is null or n.version = $3)
