-- TransactionSession: which database the host's connection leads to, and what a request (namespace, name, version or latest) means
-- there now; one row, without a plan where nothing is meant. Index: named_tasks_latest. Locks: none.
select d.database, p.plan_id, p.version, p.schema
from (select tasker.database_identity() as database) d left join tasker.find_plan($1, $2, $3) p on true
