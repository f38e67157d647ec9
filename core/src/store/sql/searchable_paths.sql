-- Store::search_tasks: which paths of contexts the contents of named tasks list, and whether new tasks are made of them. Locks: none.
select distinct p.plan_id is not distinct from n.plan_id, p.searchable
from tasker.plans p join tasker.named_tasks n on n.named_task_id = p.named_task_id
where p.named_task_id = any ($1::int[])
