-- Catalogue#missing
select 'the namespace ' || o.name as missing from ancestor.tasker_task_namespaces o
where not exists (select from tasker.namespaces n where n.name = o.name)
union all
select 'the dependent system ' || o.name from ancestor.tasker_dependent_systems o
where not exists (select from tasker.dependent_systems d where d.name = o.name)
union all
select 'the mapping of ' || o1.name || ' ' || o.remote_id_one || ' to ' || o2.name || ' ' || o.remote_id_two
from ancestor.tasker_dependent_system_object_maps o
join ancestor.tasker_dependent_systems o1 on o1.dependent_system_id = o.dependent_system_one_id
join ancestor.tasker_dependent_systems o2 on o2.dependent_system_id = o.dependent_system_two_id
where not exists (
  select from tasker.dependent_system_object_maps m
  join tasker.dependent_systems d1 on d1.dependent_system_id = m.dependent_system_one_id
  join tasker.dependent_systems d2 on d2.dependent_system_id = m.dependent_system_two_id
  where d1.name = o1.name and d2.name = o2.name and m.remote_id_one = o.remote_id_one and m.remote_id_two = o.remote_id_two)
union all
select 'the step ' || o.name || ' of the dependent system ' || od.name
from ancestor.tasker_named_steps o join ancestor.tasker_dependent_systems od on od.dependent_system_id = o.dependent_system_id
where not exists (
  select from tasker.named_steps s join tasker.dependent_systems d on d.dependent_system_id = s.dependent_system_id
  where s.name = o.name and d.name = od.name)
union all
select 'the named task ' || os.name || '.' || o.name || '@' || o.version
from ancestor.tasker_named_tasks o join ancestor.tasker_task_namespaces os on os.task_namespace_id = o.task_namespace_id
where not exists (
  select from tasker.named_tasks t join tasker.namespaces n on n.namespace_id = t.namespace_id
  where n.name = os.name and t.name = o.name and t.version = o.version)
union all
select 'the type of annotations ' || o.name from ancestor.tasker_annotation_types o
where not exists (select from tasker.annotation_types t where t.name = o.name)
order by 1
