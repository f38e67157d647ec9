-- Plans#place: the plan of each task that has none yet: of its named task, with the same graph; the current one before others, then the
-- newest.
with plan as (
  select p.plan_id, p.named_task_id, p.plan_id = n.plan_id as current, coalesce((
           select jsonb_agg(jsonb_build_array(s.name, d.name, s.parents, s.retryable, s.skippable) order by s.step_no)
           from tasker.step_templates s
           join tasker.named_steps k on k.named_step_id = s.named_step_id
           join tasker.dependent_systems d on d.dependent_system_id = k.dependent_system_id
           where s.plan_id = p.plan_id), '[]')::text as graph
  from (select distinct t.named_task_id from pg_temp.import_task t where t.plan_id is null) k
  join tasker.named_tasks n on n.named_task_id = k.named_task_id
  join tasker.plans p on p.named_task_id = n.named_task_id),
best as (
  select distinct on (p.named_task_id, p.graph) p.named_task_id, p.graph, p.plan_id
  from plan p order by p.named_task_id, p.graph, p.current desc nulls last, p.plan_id desc)
update pg_temp.import_task t set plan_id = b.plan_id
from best b where t.plan_id is null and b.named_task_id = t.named_task_id and b.graph = t.graph
