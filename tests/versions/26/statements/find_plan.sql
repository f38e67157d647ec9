-- What a request for (namespace, name, version or latest) means now: for validating its context. migrations/sql/0026_roles.sql.
select plan_id, version, schema from tasker.find_plan($1, $2, $3)
