-- What a worker keeps about steps of plans: immutable, so read once. Each name is one probe of the key; joined, a large plan
-- was read whole for every step.
select s.step_template_id, s.step_no, s.name, s.handler, s.parents, s.timeout_seconds, s.config::text, n.name, t.name, t.version, p.schema::text,
       array(select (select x.name::text from tasker.step_templates x where x.plan_id = s.plan_id and x.step_no = k.step_no)
             from unnest(s.parents) with ordinality k(step_no, place) order by k.place) as parent_names, p.plan_id
from tasker.step_templates s
join tasker.plans p on p.plan_id = s.plan_id
join tasker.named_tasks t on t.named_task_id = p.named_task_id
join tasker.namespaces n on n.namespace_id = t.namespace_id
where s.step_template_id = any ($1)
