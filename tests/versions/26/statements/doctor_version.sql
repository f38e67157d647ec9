-- Client::doctor: the version that the schema is at. Index: schema_migrations_pkey. Locks: none.
select max(m.version) from tasker.schema_migrations m
