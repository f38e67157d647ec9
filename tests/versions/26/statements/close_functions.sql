-- migrate, when it is done: takes the right to call from PUBLIC. migrations/sql/0026_roles.sql. Locks: none.
select tasker.close_functions()
