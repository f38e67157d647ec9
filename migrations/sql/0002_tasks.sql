-- What moves: tasks, their steps, the trail of both, identities, workers and what they hold.
-- No foreign keys here: each check would lock and read a row for every step. Every writer is a function of this schema.

-- One row a task. Columns that never change come first, so that the WAL of an update leaves them out.
create table tasker.tasks (
  task_id uuid primary key,
  named_task_id int not null,
  plan_id int not null,
  total_steps int not null,
  priority smallint check (priority between 0 and 9),
  created_at timestamptz not null,
  requested_at timestamptz not null,
  created_xid xid8 not null default pg_current_xact_id(),  -- the creation in the event feed; the initial `pending` is not stored
  state tasker.state not null default 'pending',
  open_sinks int not null,              -- steps without dependents that have not ended; counts while not irregular
  seq int not null default 0,           -- number of the last transition
  irregular boolean not null default false,  -- something failed for good or was operated on: settle by looking at the steps
  unvalidated boolean not null default false,
  started_at timestamptz,
  completed_at timestamptz,
  paused_at timestamptz,
  paused_by text,
  paused_reason text,
  initiator text not null default 'unknown',
  source_system text not null default 'unknown',
  reason text not null default 'unknown',
  tags text[] not null default '{}',
  bypass_steps text[] not null default '{}',
  context jsonb not null,
  tenant text,
  queue text,
  root_task_id uuid,
  parent_task_id uuid,
  parent_step_no int,
  deadline_at timestamptz,
  traceparent text,
  request_digest bytea
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05,
        autovacuum_vacuum_cost_delay = 0);

-- One row a step. Readiness is one column: `ready_at`, the instant from which the step may be claimed, null when it
-- may not. `held_at` keeps that instant while the task is paused. The key and the claim index are all the indexes:
-- pending → in_progress by a sticky claim and in_progress → complete are HOT updates.
create table tasker.workflow_steps (
  task_id uuid not null,
  step_no int not null,
  step_template_id int not null,
  retry_limit int not null,
  parent_count int not null,
  dependents int[],                     -- step numbers that wait for this one; null where none does
  lane_id int not null,
  state tasker.state not null default 'pending',
  open_parents int not null,
  claim_no int not null default 0,      -- the fence: only grows
  attempts int not null default 0,      -- what people see; may start again
  worker_losses int not null default 0,
  seq int not null default 0,           -- number of the last transition
  worker_id bigint,                     -- who made the last claim
  ready_at timestamptz,
  held_at timestamptz,
  last_attempted_at timestamptz,
  ended_at timestamptz,                 -- when the last attempt ended, or the step was resolved or cancelled
  backoff_request_seconds double precision,
  inputs jsonb,                         -- null: the context of the task
  results jsonb,
  kind text,
  map_key text,
  map_index int,
  origin_step_no int,
  wait_name text,
  wait_until timestamptz,
  limit_key text,
  compensates_step_no int,
  checkpoint jsonb,
  primary key (task_id, step_no)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05,
        autovacuum_vacuum_cost_delay = 0);
create index workflow_steps_ready on tasker.workflow_steps (lane_id, ready_at) where ready_at is not null;

-- The trail: append-only, partitioned by the time in the task's id. The initial `pending` of a task and of its steps is the
-- creation of the task and is not stored; the views of 0018 show it.
create table tasker.workflow_step_transitions (
  task_id uuid not null,
  step_no int not null,
  seq int not null,
  from_state tasker.state,
  to_state tasker.state not null,
  attempt int,
  xid xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null,
  worker_id bigint,
  metadata jsonb,
  primary key (task_id, step_no, seq)
) partition by range (task_id);
create table tasker.workflow_step_transitions_default partition of tasker.workflow_step_transitions default
  with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

create table tasker.task_transitions (
  task_id uuid not null,
  seq int not null,
  from_state tasker.state,
  to_state tasker.state not null,
  xid xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null,
  metadata jsonb,
  primary key (task_id, seq)
) partition by range (task_id);
create table tasker.task_transitions_default partition of tasker.task_transitions default
  with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Who made a request first. Outlives the task, so that a key counts after pruning.
create table tasker.task_identities (
  scope text not null,
  digest bytea not null,
  task_id uuid not null,
  request_digest bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  primary key (scope, digest)
);

create table tasker.task_annotations (
  task_annotation_id bigint generated always as identity primary key,
  task_id uuid not null,
  annotation_type_id int not null references tasker.annotation_types,
  annotation jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index task_annotations_task on tasker.task_annotations (task_id);
create index task_annotations_content on tasker.task_annotations using gin (annotation jsonb_path_ops);

-- Typed search attributes of tasks, instead of an index over whole contexts.
create table tasker.task_search_attributes (
  task_id uuid not null,
  name varchar(64) not null,
  text_value text,
  number_value numeric,
  time_value timestamptz,
  primary key (task_id, name)
);
create index task_search_attributes_text on tasker.task_search_attributes (name, text_value) where text_value is not null;
create index task_search_attributes_number on tasker.task_search_attributes (name, number_value) where number_value is not null;
create index task_search_attributes_time on tasker.task_search_attributes (name, time_value) where time_value is not null;

-- One row a process boot, never reused: a host name comes back after a crash, a worker_id does not.
create table tasker.workers (
  worker_id bigint generated always as identity primary key,
  name text not null,
  host text not null,
  process_id int not null,
  runtime text not null,
  version text,
  handlers text[] not null,
  concurrency int not null,
  lease_seconds double precision not null,
  state text not null default 'alive' check (state in ('alive', 'draining', 'stopped', 'dead')),
  started_at timestamptz not null,
  stopped_at timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 200);
create index workers_live on tasker.workers (worker_id) where stopped_at is null;

-- What a worker says of itself every few seconds; a row for each of tasker.workers, and apart from it: its claims and flushes
-- lock that one FOR KEY SHARE, several at once. An update of a row that is locked so leaves a multixact, which everybody has to
-- look up who comes by the old version. Beside a held snapshot the old versions stay, and PostgreSQL keeps few multixacts at hand.
create table tasker.worker_heartbeats (
  worker_id bigint primary key references tasker.workers on delete cascade,
  heartbeat_at timestamptz not null,
  last_polled_at timestamptz,
  oldest_running jsonb,
  idle boolean not null default false
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 200);

-- What a worker claimed, one row a claiming call: how its steps are found again without an index on the steps.
-- The worker drops a row once every step of it has been reported.
create table tasker.worker_claims (
  worker_id bigint not null,
  batch bigint generated always as identity,
  task_ids uuid[] not null,
  step_nos int[] not null,
  primary key (worker_id, batch)
) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
