-- Client::named_step_records: named steps with their dependent systems. Index: the keys of the catalogue.
select jsonb_build_object('named_step_id', a.named_step_id, 'name', a.name, 'description', a.description,
  'created_at', a.created_at, 'updated_at', a.updated_at, 'dependent_system', to_jsonb(d))::text
from tasker.named_steps a join tasker.dependent_systems d on d.dependent_system_id = a.dependent_system_id
where a.named_step_id = any ($1::int[])
