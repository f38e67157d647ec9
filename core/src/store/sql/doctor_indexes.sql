-- Client::doctor: indexes of the schema $1 that are missing or not valid. Catalogs only. Locks: none.
-- The list is what a fresh install has (a test holds it to that), without those of partitions, which follow their parents'.
-- A definition is that of a constraint, or a whole statement.
with expected (table_name, index_name, definition) as (values
  ('annotation_types', 'annotation_types_name_key', 'UNIQUE (name)'),
  ('annotation_types', 'annotation_types_pkey', 'PRIMARY KEY (annotation_type_id)'),
  ('api_keys', 'api_keys_name_key', 'UNIQUE (name)'),
  ('api_keys', 'api_keys_pkey', 'PRIMARY KEY (key_id)'),
  ('dependent_system_object_maps', 'dependent_system_object_maps_dependent_system_one_id_depend_key', 'UNIQUE (dependent_system_one_id, dependent_system_two_id, remote_id_one, remote_id_two)'),
  ('dependent_system_object_maps', 'dependent_system_object_maps_pkey', 'PRIMARY KEY (dependent_system_object_map_id)'),
  ('dependent_systems', 'dependent_systems_name_key', 'UNIQUE (name)'),
  ('dependent_systems', 'dependent_systems_pkey', 'PRIMARY KEY (dependent_system_id)'),
  ('lanes', 'lanes_handler', 'CREATE INDEX lanes_handler ON tasker.lanes USING btree (handler)'),
  ('lanes', 'lanes_namespace_id_task_name_handler_priority_mode_tenant_l_key', 'UNIQUE NULLS NOT DISTINCT (namespace_id, task_name, handler, priority, mode, tenant, limit_key)'),
  ('lanes', 'lanes_pkey', 'PRIMARY KEY (lane_id)'),
  ('maintenance', 'maintenance_pkey', 'PRIMARY KEY (name)'),
  ('named_steps', 'named_steps_dependent_system_id_name_key', 'UNIQUE (dependent_system_id, name)'),
  ('named_steps', 'named_steps_pkey', 'PRIMARY KEY (named_step_id)'),
  ('named_tasks', 'named_tasks_latest', 'CREATE INDEX named_tasks_latest ON tasker.named_tasks USING btree (namespace_id, name, version_order DESC)'),
  ('named_tasks', 'named_tasks_namespace_id_name_version_key', 'UNIQUE (namespace_id, name, version)'),
  ('named_tasks', 'named_tasks_pkey', 'PRIMARY KEY (named_task_id)'),
  ('namespaces', 'namespaces_name_key', 'UNIQUE (name)'),
  ('namespaces', 'namespaces_pkey', 'PRIMARY KEY (namespace_id)'),
  ('pauses', 'pauses_namespace_task_name_handler_key', 'UNIQUE NULLS NOT DISTINCT (namespace, task_name, handler)'),
  ('pauses', 'pauses_pkey', 'PRIMARY KEY (pause_id)'),
  ('plans', 'plans_named_task_id_digest_key', 'UNIQUE (named_task_id, digest)'),
  ('plans', 'plans_pkey', 'PRIMARY KEY (plan_id)'),
  ('roles', 'roles_pkey', 'PRIMARY KEY (kind)'),
  ('schema_migrations', 'schema_migrations_pkey', 'PRIMARY KEY (version)'),
  ('step_templates', 'step_templates_pkey', 'PRIMARY KEY (step_template_id)'),
  ('step_templates', 'step_templates_plan_id_step_no_key', 'UNIQUE (plan_id, step_no)'),
  ('task_annotations', 'task_annotations_content', 'CREATE INDEX task_annotations_content ON tasker.task_annotations USING gin (annotation jsonb_path_ops)'),
  ('task_annotations', 'task_annotations_keys', 'CREATE INDEX task_annotations_keys ON tasker.task_annotations USING gin (annotation)'),
  ('task_annotations', 'task_annotations_pkey', 'PRIMARY KEY (task_annotation_id)'),
  ('task_annotations', 'task_annotations_task', 'CREATE INDEX task_annotations_task ON tasker.task_annotations USING btree (task_id)'),
  ('task_annotations', 'task_annotations_type', 'CREATE INDEX task_annotations_type ON tasker.task_annotations USING btree (annotation_type_id, task_id)'),
  ('task_identities', 'task_identities_expired', 'CREATE INDEX task_identities_expired ON tasker.task_identities USING btree (expires_at) WHERE (expires_at IS NOT NULL)'),
  ('task_identities', 'task_identities_pkey', 'PRIMARY KEY (scope, digest)'),
  ('task_search_attributes', 'task_search_attributes_number', 'CREATE INDEX task_search_attributes_number ON tasker.task_search_attributes USING btree (name, number_value, task_id) WHERE (number_value IS NOT NULL)'),
  ('task_search_attributes', 'task_search_attributes_pkey', 'PRIMARY KEY (task_id, name)'),
  ('task_search_attributes', 'task_search_attributes_text', 'CREATE INDEX task_search_attributes_text ON tasker.task_search_attributes USING btree (name, text_value, task_id) WHERE (text_value IS NOT NULL)'),
  ('task_search_attributes', 'task_search_attributes_time', 'CREATE INDEX task_search_attributes_time ON tasker.task_search_attributes USING btree (name, time_value) WHERE (time_value IS NOT NULL)'),
  ('task_transitions', 'task_transitions_pkey', 'PRIMARY KEY (task_id, seq)'),
  ('tasks', 'tasks_ended', 'CREATE INDEX tasks_ended ON tasker.tasks USING btree (completed_at, task_id) WHERE (completed_at IS NOT NULL)'),
  ('tasks', 'tasks_initiator', 'CREATE INDEX tasks_initiator ON tasker.tasks USING btree ("left"(initiator, 128), task_id) WHERE (initiator <> ''unknown''::text)'),
  ('tasks', 'tasks_irregular', 'CREATE INDEX tasks_irregular ON tasker.tasks USING btree (task_id) WHERE irregular'),
  ('tasks', 'tasks_named', 'CREATE INDEX tasks_named ON tasker.tasks USING btree (named_task_id, task_id)'),
  ('tasks', 'tasks_open', 'CREATE INDEX tasks_open ON tasker.tasks USING btree (task_id) WHERE (completed_at IS NULL)'),
  ('tasks', 'tasks_paused', 'CREATE INDEX tasks_paused ON tasker.tasks USING btree (task_id) WHERE (paused_at IS NOT NULL)'),
  ('tasks', 'tasks_pkey', 'PRIMARY KEY (task_id)'),
  ('tasks', 'tasks_source_system', 'CREATE INDEX tasks_source_system ON tasker.tasks USING btree ("left"(source_system, 128), task_id) WHERE (source_system <> ''unknown''::text)'),
  ('tasks', 'tasks_tags', 'CREATE INDEX tasks_tags ON tasker.tasks USING gin (tag_keys(tags)) WITH (gin_pending_list_limit=''256'') WHERE (tags <> ''{}''::text[])'),
  ('worker_claims', 'worker_claims_pkey', 'PRIMARY KEY (worker_id, batch)'),
  ('worker_heartbeats', 'worker_heartbeats_pkey', 'PRIMARY KEY (worker_id)'),
  ('workers', 'workers_live', 'CREATE INDEX workers_live ON tasker.workers USING btree (worker_id) WHERE (stopped_at IS NULL)'),
  ('workers', 'workers_pkey', 'PRIMARY KEY (worker_id)'),
  ('workflow_step_transitions', 'workflow_step_transitions_error_code', 'CREATE INDEX workflow_step_transitions_error_code ON ONLY tasker.workflow_step_transitions USING btree ("left"((metadata ->> ''error_code''::text), 128), task_id) WHERE ((to_state = ''error''::state) AND ((metadata ->> ''error_code''::text) IS NOT NULL))'),
  ('workflow_step_transitions', 'workflow_step_transitions_pkey', 'PRIMARY KEY (task_id, step_no, seq)'),
  ('workflow_steps', 'workflow_steps_pkey', 'PRIMARY KEY (task_id, step_no)'),
  ('workflow_steps', 'workflow_steps_ready', 'CREATE INDEX workflow_steps_ready ON tasker.workflow_steps USING btree (lane_id, ready_at) WHERE (ready_at IS NOT NULL)'))
select jsonb_build_object('table', e.table_name, 'index', e.index_name, 'definition', e.definition, 'exists', i.indexrelid is not null)::text
from expected e
left join (pg_namespace n join pg_class c on c.relnamespace = n.oid join pg_index i on i.indexrelid = c.oid) on n.nspname = $1 and c.relname = e.index_name
where i.indexrelid is null or not i.indisvalid or not i.indisready
union all
select jsonb_build_object('table', t.relname, 'index', c.relname, 'definition', pg_get_indexdef(c.oid), 'exists', true)::text
from pg_namespace n join pg_class c on c.relnamespace = n.oid join pg_index i on i.indexrelid = c.oid join pg_class t on t.oid = i.indrelid
where n.nspname = $1 and (not i.indisvalid or not i.indisready) and not exists (select from expected e where e.index_name = c.relname)
