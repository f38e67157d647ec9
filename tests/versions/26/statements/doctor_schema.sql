-- Client::doctor: the schema $1, and what the role may do in it. Catalogs only: needs no right on the schema. Locks: none.
-- `tables` without their partitions, whose rights do not matter: the engine goes through the parents.
select jsonb_build_object(
  'exists', n.oid is not null, 'owner', pg_get_userbyid(n.nspowner), 'owns', pg_has_role(n.nspowner, 'usage'),
  'usage', has_schema_privilege(n.oid, 'usage'),
  'history', exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'schema_migrations'),
  'reads_history', (select has_table_privilege(c.oid, 'select') from pg_class c where c.relnamespace = n.oid and c.relname = 'schema_migrations'),
  'occupied', exists (select from pg_class c where c.relnamespace = n.oid) or exists (select from pg_proc p where p.pronamespace = n.oid),
  'may_create', has_database_privilege(current_database(), 'create'),
  'others', (select coalesce(jsonb_agg(o.nspname order by o.nspname), '[]') from pg_namespace o
             where o.nspname <> $1 and exists (select from pg_class c where c.relnamespace = o.oid and c.relname = 'workflow_steps')
               and exists (select from pg_class c where c.relnamespace = o.oid and c.relname = 'schema_migrations')),
  'no_select', (select coalesce(jsonb_agg(c.relname order by c.relname), '[]') from pg_class c
                where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v') and not c.relispartition and not has_table_privilege(c.oid, 'select')),
  'no_update', (select coalesce(jsonb_agg(a.attname order by a.attname), '[]') from pg_class c join pg_attribute a on a.attrelid = c.oid
                where c.relnamespace = n.oid and c.relname = 'tasks' and a.attname in ('context', 'unvalidated')
                  and not has_column_privilege(c.oid, a.attnum, 'update')),
  'no_execute', (select coalesce(jsonb_agg(distinct p.proname), '[]') from pg_proc p
                 where p.pronamespace = n.oid and not has_function_privilege(p.oid, 'execute')))::text
from (select) one left join pg_namespace n on n.nspname = $1
