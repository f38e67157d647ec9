-- Plans#place: no new task is made from these. $1: plans.
update tasker.plans p set replaced_at = p.registered_at where p.plan_id = any ($1::int[])
