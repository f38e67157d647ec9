-- What a request for (namespace, name, version or latest) means now: for validating its context. Index: named_tasks_latest.
select t.plan_id, t.version, p.schema::text
from tasker.namespaces n
join tasker.named_tasks t on t.namespace_id = n.namespace_id
join tasker.plans p on p.plan_id = t.plan_id
where n.name = $1 and t.name = $2 and ($3::text is null or t.version = $3)
order by t.version_order desc limit 1
