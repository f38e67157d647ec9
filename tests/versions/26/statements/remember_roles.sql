-- Store::grant_roles: these are the roles of the schema. migrations/sql/0026_roles.sql. Locks: the rows of tasker.roles.
select tasker.remember_roles($1, $2)
