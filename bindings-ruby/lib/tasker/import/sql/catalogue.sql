-- Catalogue#import. Rows go in by name, so that two that do this at once wait for each other in one order. Where a row is there
-- already it stays, and gets the description that it lacks.
insert into tasker.namespaces as n (name, description, created_at, updated_at)
select o.name, o.description, o.created_at::timestamptz, o.updated_at::timestamptz from ancestor.tasker_task_namespaces o order by o.name
on conflict (name) do update set description = excluded.description where n.description is null and excluded.description is not null;

insert into tasker.dependent_systems as d (name, description, created_at, updated_at)
select o.name, o.description, o.created_at::timestamptz, o.updated_at::timestamptz from ancestor.tasker_dependent_systems o order by o.name
on conflict (name) do update set description = excluded.description where d.description is null and excluded.description is not null;

insert into tasker.dependent_system_object_maps (dependent_system_one_id, dependent_system_two_id, remote_id_one, remote_id_two,
  created_at, updated_at)
select one.dependent_system_id, two.dependent_system_id, o.remote_id_one, o.remote_id_two, o.created_at::timestamptz, o.updated_at::timestamptz
from ancestor.tasker_dependent_system_object_maps o
join ancestor.tasker_dependent_systems o1 on o1.dependent_system_id = o.dependent_system_one_id
join ancestor.tasker_dependent_systems o2 on o2.dependent_system_id = o.dependent_system_two_id
join tasker.dependent_systems one on one.name = o1.name
join tasker.dependent_systems two on two.name = o2.name
order by 1, 2, 3, 4
on conflict do nothing;

insert into tasker.named_steps as s (dependent_system_id, name, description, created_at, updated_at)
select d.dependent_system_id, o.name, o.description, o.created_at::timestamptz, o.updated_at::timestamptz
from ancestor.tasker_named_steps o
join ancestor.tasker_dependent_systems od on od.dependent_system_id = o.dependent_system_id
join tasker.dependent_systems d on d.name = od.name
order by d.dependent_system_id, o.name
on conflict (dependent_system_id, name) do update set description = excluded.description
where s.description is null and excluded.description is not null;

-- A named task without a template has no plan: nobody can create tasks of it, and its tasks bring plans of their own.
insert into tasker.named_tasks (namespace_id, name, version, version_order, description, created_at, updated_at)
select n.namespace_id, o.name, o.version, string_to_array(o.version, '.')::int[], o.description, o.created_at::timestamptz, o.updated_at::timestamptz
from ancestor.tasker_named_tasks o
join ancestor.tasker_task_namespaces os on os.task_namespace_id = o.task_namespace_id
join tasker.namespaces n on n.name = os.name
order by n.namespace_id, o.name, o.version
on conflict do nothing;

insert into tasker.annotation_types as t (name, description, created_at, updated_at)
select o.name, o.description, o.created_at::timestamptz, o.updated_at::timestamptz from ancestor.tasker_annotation_types o order by o.name
on conflict (name) do update set description = excluded.description where t.description is null and excluded.description is not null;
