-- Client::doctor: what workers do now and then, and for how many seconds it has been due. Locks: none.
select jsonb_build_object('name', m.name, 'last_run_at', m.last_run_at,
  'overdue_seconds', greatest(extract(epoch from tasker.clock() - nullif(m.next_due_at, '-infinity')), 0))::text
from tasker.maintenance m order by m.name
