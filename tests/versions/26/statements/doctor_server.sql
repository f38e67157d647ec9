-- Client::doctor: the server, its settings, its connections. Catalogs and statistics only: needs no schema and no right on
-- anything, works on a standby. Locks: none. What the role may not see is null.
-- `used` counts the sessions of all databases, autovacuum's among them: pg_stat_activity shows others' kinds only to some.
-- PostgreSQL 17 counts checkpoints elsewhere; `checkpoints_forced` is null there.
select jsonb_build_object(
  'version', current_setting('server_version_num')::int, 'version_text', current_setting('server_version'),
  'user', current_user, 'database', current_database(), 'local', inet_server_addr() is null,
  'standby', pg_is_in_recovery(), 'read_only', current_setting('default_transaction_read_only')::boolean,
  'superuser', (select r.rolsuper from pg_roles r where r.rolname = current_user),
  'sees_sessions', (select r.rolsuper from pg_roles r where r.rolname = current_user) or pg_has_role('pg_read_all_stats', 'usage'),
  'fsync', current_setting('fsync')::boolean, 'full_page_writes', current_setting('full_page_writes')::boolean,
  'synchronous_commit', current_setting('synchronous_commit'), 'max_wal_size', current_setting('max_wal_size'),
  'checkpoints_timed', (select (to_jsonb(b) ->> 'checkpoints_timed')::bigint from pg_stat_bgwriter b),
  'checkpoints_forced', (select (to_jsonb(b) ->> 'checkpoints_req')::bigint from pg_stat_bgwriter b),
  'autovacuum', current_setting('autovacuum')::boolean and current_setting('track_counts')::boolean,
  'max_connections', current_setting('max_connections')::int,
  'reserved_connections', current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0),
  'used_connections', (select sum(d.numbackends) from pg_stat_database d),
  'used_of_database', (select d.numbackends from pg_stat_database d where d.datname = current_database()),
  'limit_of_database', (select nullif(d.datconnlimit, -1) from pg_database d where d.datname = current_database()),
  'used_of_role', (select count(*) from pg_stat_activity a where a.usename = current_user and a.datid is not null),
  'limit_of_role', (select nullif(r.rolconnlimit, -1) from pg_roles r where r.rolname = current_user),
  'transaction_age', (select max(age(d.datfrozenxid)) from pg_database d),
  'multixact_age', (select max(mxid_age(d.datminmxid)) from pg_database d),
  'freeze_max_age', current_setting('autovacuum_freeze_max_age')::bigint,
  'multixact_freeze_max_age', current_setting('autovacuum_multixact_freeze_max_age')::bigint,
  'notification_usage', pg_notification_queue_usage(),
  'data_directory', (select s.setting from pg_settings s where s.name = 'data_directory'),
  'tablespaces', (select coalesce(jsonb_agg(distinct pg_tablespace_location(t.oid)) filter (where pg_tablespace_location(t.oid) <> ''), '[]')
                  from pg_tablespace t where t.oid = (select d.dattablespace from pg_database d where d.datname = current_database())
                    or t.oid in (select c.reltablespace from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1)),
  'clock_set', nullif(current_setting('tasker' || '.now', true), ''),
  'clock_settings', (
    select coalesce(jsonb_agg(jsonb_build_object('database', d.datname, 'role', r.rolname, 'value', split_part(c.setting, '=', 2))
                              order by d.datname, r.rolname), '[]')
    from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole
    cross join lateral unnest(s.setconfig) c(setting)
    where c.setting like 'tasker' || '.now=%' and (s.setdatabase = 0 or d.datname = current_database())))::text
