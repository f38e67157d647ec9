-- What callers without rights on the tables need besides the verbs, and who may call what. The roles themselves belong to the
-- whole server and are made by `tasker migrate --roles`; docs/operations/privileges.md says what each of them may do.

-- tasker.find_plan(…): what a request for this named task would get: its plan, and what its context must look like.
-- Called by: the client, before it creates. Index: named_tasks_latest. Locks: none.
create function tasker.find_plan(p_namespace text, p_name text, p_version text default null)
returns table (plan_id int, version text, schema text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
  select t.plan_id, t.version::text, p.schema::text
  from tasker.namespaces n
  join tasker.named_tasks t on t.namespace_id = n.namespace_id
  join tasker.plans p on p.plan_id = t.plan_id
  where n.name = p_namespace and t.name = p_name and (p_version is null or t.version = p_version)
  order by t.version_order desc limit 1;
end $$;

-- tasker.database_identity(): what tells this database from all others, a copy of it included: <system identifier>/<oid>. Where the
-- server keeps the former to itself, the name of the database stands in its place.
-- Called by: the client, and on connections that it is given, to see whether they lead to the same. Locks: none.
create function tasker.database_identity() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_oid oid := (select d.oid from pg_database d where d.datname = current_database());
begin
  return format('%s/%s', (select c.system_identifier from pg_control_system() c), v_oid);
exception when insufficient_privilege or feature_not_supported or undefined_function then
  return format('%s/%s', current_database(), v_oid);
end $$;

-- tasker.task_state(…): the state of a task; null where there is none. Whoever knows an id may wait for its task.
-- Called by: the client, again and again while it waits. Index: tasks_pkey. Locks: none.
create function tasker.task_state(p_task_id uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select t.state from tasker.tasks t where t.task_id = p_task_id);
end $$;

-- tasker.mark_validated(…): notes that the context of a task made by raw SQL fits its schema; p_context is the context with
-- the defaults filled in, null where that changes nothing. A task that was validated before keeps its context.
-- Called by: the worker whose claim was the task's first. Locks: the task's row. Index: tasks_pkey.
-- Loser of a race: finds it validated and changes nothing.
create function tasker.mark_validated(p_task_id uuid, p_context jsonb default null) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update tasker.tasks t set unvalidated = false, context = coalesce(p_context, t.context)
  where t.task_id = p_task_id and t.unvalidated;
end $$;

-- The roles that were made for this schema, so that a later migration gives them what it brings.
create table tasker.roles (
  kind text primary key check (kind in ('enqueue', 'work', 'operate')),
  name name not null
);

-- tasker.remember_roles(…): these are the roles of this schema. For its owner; called by `tasker migrate --roles`.
create function tasker.remember_roles(p_kinds text[], p_names text[]) returns void language plpgsql as $$
begin
  insert into tasker.roles as r (kind, name) select k.kind, k.name from unnest(p_kinds, p_names) k(kind, name)
  on conflict (kind) do update set name = excluded.name where r.name <> excluded.name;
end $$;

-- tasker.close_functions(): takes the right to call from PUBLIC, which PostgreSQL gives it on every new function, and says on
-- how many it was. Functions run as the schema's owner: whoever is let into the schema for some of them must not have all.
-- For the owner; called by every migration when it is done. What was granted to roles stays.
create function tasker.close_functions() returns int language plpgsql as $$
declare
  v_function text;
  v_closed int := 0;
begin
  for v_function in
    select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.pronamespace = (select c.pronamespace from pg_proc c where c.oid = 'tasker.clock'::regproc)
      and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
  loop
    execute format('revoke execute on function %s from public', v_function);
    v_closed := v_closed + 1;
  end loop;
  return v_closed;
end $$;
