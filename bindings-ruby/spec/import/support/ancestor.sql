-- The tables of tasker-engine 1.0, as its documentation describes them: what an application has that moves over.
create table tasker_task_namespaces (
  task_namespace_id serial primary key,
  name varchar(64) not null unique,
  description varchar(255),
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);

create table tasker_named_tasks (
  named_task_id serial primary key,
  name varchar(64) not null,
  description varchar(255),
  task_namespace_id bigint not null default 1 references tasker_task_namespaces,
  version varchar(16) not null default '0.1.0',
  configuration jsonb default '"{}"',
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null,
  unique (task_namespace_id, name, version)
);

create table tasker_dependent_systems (
  dependent_system_id serial primary key,
  name varchar(64) not null unique,
  description varchar(255),
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);

create table tasker_dependent_system_object_maps (
  dependent_system_object_map_id bigserial primary key,
  dependent_system_one_id int not null references tasker_dependent_systems,
  dependent_system_two_id int not null references tasker_dependent_systems,
  remote_id_one varchar(128) not null,
  remote_id_two varchar(128) not null,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null,
  unique (dependent_system_one_id, dependent_system_two_id, remote_id_one, remote_id_two)
);

create table tasker_named_steps (
  named_step_id serial primary key,
  dependent_system_id int not null references tasker_dependent_systems,
  name varchar(128) not null,
  description varchar(255),
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null,
  unique (dependent_system_id, name)
);

create table tasker_named_tasks_named_steps (
  id serial primary key,
  named_task_id int not null references tasker_named_tasks,
  named_step_id int not null references tasker_named_steps,
  skippable boolean not null default false,
  default_retryable boolean not null default true,
  default_retry_limit int not null default 3,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null,
  unique (named_task_id, named_step_id)
);

create table tasker_tasks (
  task_id bigserial primary key,
  named_task_id int not null references tasker_named_tasks,
  complete boolean not null default false,
  requested_at timestamp(6) not null,
  initiator varchar(128),
  source_system varchar(128),
  reason varchar(128),
  bypass_steps json,
  tags jsonb,
  context jsonb,
  identity_hash varchar(128) not null unique,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);

create table tasker_workflow_steps (
  workflow_step_id bigserial primary key,
  task_id bigint not null references tasker_tasks,
  named_step_id int not null references tasker_named_steps,
  retryable boolean not null default true,
  retry_limit int default 3,
  in_process boolean not null default false,
  processed boolean not null default false,
  processed_at timestamp(6),
  attempts int,
  last_attempted_at timestamp(6),
  backoff_request_seconds int,
  inputs jsonb,
  results jsonb,
  skippable boolean not null default false,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);
create index on tasker_workflow_steps (task_id);

create table tasker_workflow_step_edges (
  id bigserial primary key,
  from_step_id bigint not null references tasker_workflow_steps,
  to_step_id bigint not null references tasker_workflow_steps,
  name varchar not null,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);
create index on tasker_workflow_step_edges (from_step_id);
create index on tasker_workflow_step_edges (to_step_id);

create table tasker_task_transitions (
  id bigserial primary key,
  to_state varchar not null,
  from_state varchar,
  metadata jsonb default '{}',
  sort_key int not null,
  most_recent boolean not null default true,
  task_id bigint not null references tasker_tasks,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null,
  unique (task_id, sort_key)
);
create unique index on tasker_task_transitions (task_id, most_recent) where most_recent;

create table tasker_workflow_step_transitions (
  id bigserial primary key,
  to_state varchar not null,
  from_state varchar,
  metadata jsonb default '{}',
  sort_key int not null,
  most_recent boolean not null default true,
  workflow_step_id bigint not null references tasker_workflow_steps,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null,
  unique (workflow_step_id, sort_key)
);
create unique index on tasker_workflow_step_transitions (workflow_step_id, most_recent) where most_recent;

create table tasker_annotation_types (
  annotation_type_id serial primary key,
  name varchar(64) not null unique,
  description varchar(255),
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);

create table tasker_task_annotations (
  task_annotation_id bigserial primary key,
  task_id bigint not null references tasker_tasks,
  annotation_type_id int not null references tasker_annotation_types,
  annotation jsonb,
  created_at timestamp(6) not null,
  updated_at timestamp(6) not null
);
