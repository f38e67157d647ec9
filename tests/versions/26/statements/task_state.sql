-- Client::wait: cheap enough to ask often. migrations/sql/0026_roles.sql.
select tasker.task_state($1)
