-- What a worker keeps about steps of plans: immutable, so read once. Either these ($1), or, where that is null, the next $5
-- steps of plan $2 after number $3 that are for one of the handlers $4: large plans are read ahead.
-- Called by: the worker, when it prepares claims. Locks: none. Index: step_templates_pkey; step_templates_plan_id_step_no_key.
-- Each name is one probe of the key; joined, a large plan was read whole for every step. A schema comes once a plan.
select s.step_template_id, s.step_no, s.name as step_name, s.handler, s.parents, s.timeout_seconds, s.config::text as config,
       n.name as namespace, t.name as task_name, t.version,
       case when row_number() over (partition by s.plan_id) = 1 then p.schema::text end as schema,
       array(select (select x.name::text from tasker.step_templates x where x.plan_id = s.plan_id and x.step_no = k.step_no)
             from unnest(s.parents) with ordinality k(step_no, place) order by k.place) as parent_names, p.plan_id, p.step_count, s.dependents[1] as first_dependent
from tasker.step_templates s
join tasker.plans p on p.plan_id = s.plan_id
join tasker.named_tasks t on t.named_task_id = p.named_task_id
join tasker.namespaces n on n.namespace_id = t.namespace_id
where s.step_template_id = any (coalesce($1, array(
  select x.step_template_id from tasker.step_templates x
  where x.plan_id = $2 and x.step_no > $3 and x.handler = any ($4) order by x.step_no limit $5)))
