-- Client::doctor: who keeps dead rows of this database from being cleaned up, oldest first: sessions with a snapshot or a
-- transaction id, standbys with feedback, prepared transactions. Statistics only. Locks: none. The query is cut: it may hold
-- data. Sessions of other roles are seen only with pg_read_all_stats.
select jsonb_build_object('kind', h.kind, 'name', h.name, 'role', h.role, 'application', h.application, 'state', h.state,
  'seconds', extract(epoch from clock_timestamp() - h.since), 'transactions', h.transactions, 'query', h.query)::text
from (
  select 'session' as kind, a.pid::text as name, a.usename::text as role, a.application_name as application, a.state,
         a.xact_start as since, greatest(age(a.backend_xmin), age(a.backend_xid)) as transactions, left(a.query, 80) as query
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
    and (a.backend_xmin is not null or a.backend_xid is not null)
  union all
  select 'standby', r.pid::text, r.usename, r.application_name, r.state, r.backend_start, age(r.backend_xmin), null
  from pg_stat_replication r where r.backend_xmin is not null
  union all
  select 'prepared', p.gid, p.owner, null, null, p.prepared, age(p.transaction), null
  from pg_prepared_xacts p where p.database = current_database()) h
order by h.since limit 20
