-- Store::grant_roles and migrate: the statements that give roles what they do not have yet, a row a role and kind of object;
-- what a role has already is left out, so that running them twice changes nothing. $1 the schema, $2 the roles; $3 and $4
-- pairs of a function and a role that may call it; $5 the roles that read every table. Locks: none.
select x.role, format(x.statement, string_agg(x.object, ', ' order by x.object), x.role)
from (
  select r.role, 1 as part, 'grant usage on schema %s to %I' as statement, format('%I', n.nspname) as object, n.nspacl as acl, 'USAGE' as privilege
  from pg_namespace n cross join unnest($2::text[]) r(role)
  where n.nspname = $1
  union all
  select r.role, 2, 'grant select on %s to %I', format('%I.%I', n.nspname, c.relname), c.relacl, 'SELECT'
  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join unnest($2::text[]) r(role)
  where n.nspname = $1 and c.relkind in ('r', 'p', 'v') and not c.relispartition
    and (r.role = any ($5::text[]) or c.relname = 'schema_migrations')
  union all
  select f.role, 3, 'grant execute on function %s to %I',
         format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proacl, 'EXECUTE'
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  join unnest($3::text[], $4::text[]) f(name, role) on f.name = p.proname
  where n.nspname = $1) x
where not exists (
  select from aclexplode(x.acl) a join pg_roles g on g.oid = a.grantee where g.rolname = x.role and a.privilege_type = x.privilege)
group by x.role, x.part, x.statement order by x.part, x.role
