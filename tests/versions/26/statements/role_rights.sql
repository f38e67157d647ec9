-- Store::grant_roles: who is here, whose the schema is, and what of it may be done. $1 the schema, $2 the names of the roles.
-- Locks: none.
select current_user::text, o.rolname::text, pg_has_role(current_user, o.oid, 'member'), o.rolsuper, m.rolsuper or m.rolcreaterole,
       array(select r.rolname::text from pg_roles r where r.rolname = any ($2::text[]))
from pg_roles m
left join pg_namespace n on n.nspname = $1
left join pg_class h on h.relnamespace = n.oid and h.relname = 'schema_migrations'
left join pg_roles o on o.oid = coalesce(h.relowner, n.nspowner)
where m.rolname = current_user
