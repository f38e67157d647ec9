-- Batch#import. Locks, in this order: one import at a time; then the ancestor's tables against everybody who writes, so that a task is
-- read as a whole. The caller has set lock_timeout.
select pg_advisory_xact_lock(hashtextextended('tasker import', 0));
lock table ancestor.tasker_tasks, ancestor.tasker_workflow_steps, ancestor.tasker_workflow_step_edges, ancestor.tasker_task_transitions,
  ancestor.tasker_workflow_step_transitions, ancestor.tasker_task_annotations in share mode;

create temp table import_task (
  old_task_id bigint primary key,
  old_named_task_id int not null,
  task_id uuid not null,
  named_task_id int not null,
  plan_id int,
  graph text,                         -- the steps with what they wait for: what a plan must have
  state tasker.state not null,        -- where the ancestor left it
  live boolean not null,              -- it has not ended
  paused boolean not null,
  moves int not null,
  created_at timestamptz not null,
  started_at timestamptz,
  last_at timestamptz,                -- of its last move
  imported_at timestamptz not null
) on commit drop;

create temp table import_step (
  old_step_id bigint primary key,
  old_task_id bigint not null,
  old_named_step_id int not null,
  task_id uuid not null,
  step_no int not null,
  name text not null,
  system text not null,
  retryable boolean not null,
  skippable boolean not null,
  retry_limit int not null,
  parents int[] not null,
  dependents int[],
  open_parents int not null,
  was tasker.state not null,          -- where the ancestor left it
  state tasker.state not null,        -- where the engine goes on
  final boolean not null,             -- it failed, and is not tried again
  permanent boolean not null,         -- its handler said so
  attempts int not null,
  moves int not null,
  last_at timestamptz,                -- of its last move
  due_at timestamptz                  -- from when on it may be claimed; null: it may not
) on commit drop;
create index on pg_temp.import_step (old_task_id);
