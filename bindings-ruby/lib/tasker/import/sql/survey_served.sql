-- Served: the steps of the current templates of the engine's.
select distinct n.name as namespace, v.name, p.name as step
from tasker.namespaces n
join tasker.named_tasks v on v.namespace_id = n.namespace_id
join tasker.step_templates p on p.plan_id = v.plan_id
