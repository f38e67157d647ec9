-- migrate: the roles of this schema that were made and still exist. For its owner. Locks: none.
select k.kind, k.name::text from tasker.roles k join pg_roles r on r.rolname = k.name
