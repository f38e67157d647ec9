-- Client::measurements: the connections of the server, the oldest transaction of this database, and what the statistics say of the
-- tables of the schema $1 that move. Statistics only: none of the tables is read. Locks: none. Of other roles' sessions the age of
-- their transaction is seen only with pg_read_all_stats.
select jsonb_build_object(
  'max_connections', current_setting('max_connections')::bigint,
  'used_connections', (select sum(d.numbackends) from pg_stat_database d),
  'used_of_database', (select d.numbackends from pg_stat_database d where d.datname = current_database()),
  'oldest_transaction_seconds', coalesce((
    select max(extract(epoch from clock_timestamp() - a.xact_start)) from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'), 0),
  'tables', (
    select coalesce(jsonb_agg(jsonb_build_object('name', u.relname, 'rows', u.n_live_tup, 'dead_rows', u.n_dead_tup)), '[]')
    from pg_stat_user_tables u
    where u.schemaname = $1 and u.relname in ('tasks', 'workflow_steps', 'task_identities', 'workers', 'worker_heartbeats', 'worker_claims')))::text
