-- What everything else stands on: the states, the clock, ids, and the catalogue of what can run.
-- The schema itself and `schema_migrations`, which says how far it is, are made before: core/src/store/migrate.rs.
-- Lock order of the whole schema: worker row, steps by (task_id, step_no), tasks by task_id. See docs/concepts/concurrency.md.

create type tasker.state as enum ('pending', 'in_progress', 'complete', 'error', 'cancelled', 'resolved_manually');

-- The one clock. A transaction may set it for itself (`set local tasker.now = '…'`), so that tests move time.
-- The setting's name is put together so that it stays the same in a schema of another name.
create function tasker.clock() returns timestamptz
language plpgsql volatile parallel safe as $$
begin
  return coalesce(nullif(current_setting('tasker' || '.now', true), '')::timestamptz, clock_timestamp());
end $$;

-- A UUIDv7 (RFC 9562) of the database's clock, for callers that cannot make one.
create function tasker.uuid_v7() returns uuid
language plpgsql volatile as $$
declare
  v_ms bigint := (extract(epoch from tasker.clock()) * 1000)::bigint;
  v_bytes bytea := substring(int8send(v_ms) from 3) || substring(uuid_send(gen_random_uuid()) from 7);
begin
  v_bytes := set_byte(v_bytes, 6, (get_byte(v_bytes, 6) & 15) | 112);
  return encode(v_bytes, 'hex')::uuid;
end $$;

-- The instant that a UUIDv7 carries, or null for any other uuid.
create function tasker.uuid_v7_time(p_id uuid) returns timestamptz
language sql immutable parallel safe strict as $$
  select case when substring(p_id::text from 15 for 1) = '7'
    then to_timestamp(('x' || translate(substring(p_id::text for 13), '-', ''))::bit(48)::bigint / 1000.0) end
$$;

create table tasker.namespaces (
  namespace_id int generated always as identity primary key,
  name varchar(64) not null unique,
  description varchar(255),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

create table tasker.dependent_systems (
  dependent_system_id int generated always as identity primary key,
  name varchar(64) not null unique,
  description varchar(255),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

create table tasker.dependent_system_object_maps (
  dependent_system_object_map_id bigint generated always as identity primary key,
  dependent_system_one_id int not null references tasker.dependent_systems,
  dependent_system_two_id int not null references tasker.dependent_systems,
  remote_id_one varchar(128) not null,
  remote_id_two varchar(128) not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (dependent_system_one_id, dependent_system_two_id, remote_id_one, remote_id_two)
);

create table tasker.named_steps (
  named_step_id int generated always as identity primary key,
  dependent_system_id int not null references tasker.dependent_systems,
  name varchar(128) not null,
  description varchar(255),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (dependent_system_id, name)
);

-- A template is (namespace, name, version). `plan_id` is the content that new tasks are made from.
create table tasker.named_tasks (
  named_task_id int generated always as identity primary key,
  namespace_id int not null references tasker.namespaces,
  name varchar(64) not null,
  version varchar(16) not null,
  version_order int[] not null,
  description varchar(255),
  plan_id int,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (namespace_id, name, version)
);
create index named_tasks_latest on tasker.named_tasks (namespace_id, name, version_order desc);

-- Every content that was ever registered under a version. Rows never change but for `replaced_at`: a task refers to
-- the plan that it was created with and keeps its graph and policies, whatever happens to the template.
create table tasker.plans (
  plan_id int generated always as identity primary key,
  named_task_id int not null references tasker.named_tasks,
  digest text not null,
  configuration jsonb not null,
  schema jsonb,
  searchable text[] not null default '{}',
  step_count int not null,
  sink_count int not null,
  registered_at timestamptz not null,
  replaced_at timestamptz,
  unique (named_task_id, digest)
);
alter table tasker.named_tasks add foreign key (plan_id) references tasker.plans deferrable initially deferred;

-- A lane is what can be paused, limited and prioritised as one: the steps of one handler of a named task at one
-- priority. `mode` says how they may be claimed: 0 into a worker's buffer; 1 only into a free execution slot, so that
-- claimed means started (one execution left, or a worker was lost before); 2 only by a process that does nothing else.
create table tasker.lanes (
  lane_id int generated always as identity primary key,
  namespace_id int not null references tasker.namespaces,
  task_name varchar(64) not null,
  handler text not null,
  priority smallint not null check (priority between 0 and 9),
  mode smallint not null check (mode between 0 and 2),
  tenant text,
  limit_key text,
  paused boolean not null default false,
  unique nulls not distinct (namespace_id, task_name, handler, priority, mode, tenant, limit_key)
);
create index lanes_handler on tasker.lanes (handler);

-- Pauses of namespaces, named tasks and handlers. `lanes.paused` follows from them.
create table tasker.pauses (
  pause_id int generated always as identity primary key,
  namespace text,
  task_name text,
  handler text,
  paused_at timestamptz not null,
  paused_by text,
  reason text,
  unique nulls not distinct (namespace, task_name, handler)
);

-- The steps of a plan, immutable.
create table tasker.step_templates (
  step_template_id int generated always as identity primary key,
  plan_id int not null references tasker.plans,
  step_no int not null,
  named_step_id int not null references tasker.named_steps,
  name varchar(128) not null,
  handler text not null,
  lane_id int not null references tasker.lanes,
  parents int[] not null,
  dependents int[],
  retryable boolean not null,
  retry_limit int not null,
  skippable boolean not null,
  priority smallint not null,
  timeout_seconds double precision,
  retry jsonb,
  config jsonb,
  unique (plan_id, step_no)
);

create table tasker.annotation_types (
  annotation_type_id int generated always as identity primary key,
  name varchar(64) not null unique,
  description varchar(255),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
