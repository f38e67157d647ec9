-- tasker.create_task(…): one task, from any SQL client, inside its own transaction.
--   select * from tasker.create_task('ecommerce', 'process_order', context => '{"order_id": 7}');
-- Answers and errors: as create_tasks. A context is not checked against the template's schema here: the task is stored
-- unvalidated, and its first claim checks it (decisions.md 40).
create function tasker.create_task(
  namespace text, name text, context jsonb default '{}', version text default null, initiator text default null,
  source_system text default null, reason text default null, tags text[] default null, bypass_steps text[] default null,
  priority int default null, requested_at timestamptz default null, idempotency_key text default null,
  idempotency_ttl_seconds double precision default null, on_duplicate text default null, task_id uuid default null)
returns table (created_task_id uuid, created boolean, pruned boolean)
language sql as $$
  select c.task_id, c.created, c.pruned
  from tasker.create_tasks(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'namespace', namespace, 'name', name, 'version', version, 'initiator', initiator, 'source_system', source_system,
    'reason', reason, 'tags', tags, 'bypass_steps', bypass_steps, 'priority', priority, 'requested_at', requested_at,
    'idempotency_key', idempotency_key, 'idempotency_ttl_seconds', idempotency_ttl_seconds, 'on_duplicate', on_duplicate,
    'task_id', task_id)) || jsonb_build_object('context', context))) c
$$;
