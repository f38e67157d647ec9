-- Client::doctor: replication slots that nobody reads now, those that hold back most first. Statistics only. Locks: none.
select jsonb_build_object('slot', s.slot_name, 'type', s.slot_type, 'transactions', greatest(age(s.xmin), age(s.catalog_xmin)),
  'wal_bytes', case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint end)::text
from pg_replication_slots s where not s.active and not s.temporary
order by s.restart_lsn limit 20
