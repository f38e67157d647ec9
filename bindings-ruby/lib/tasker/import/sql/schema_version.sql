-- Target#check: the version of the schema, and of the oldest code that works on it.
select max(m.version) as version, max(m.oldest_code) as oldest_code from tasker.schema_migrations m
