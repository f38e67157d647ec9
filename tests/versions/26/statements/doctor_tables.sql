-- Client::doctor: the tables of the schema $1: rows, dead rows, vacuums, scans, bloat. Catalogs and statistics only. Locks: none.
-- `expected_bytes` is the heap that the rows need, by the formula of ioguix's pgsql-bloat-estimation (table/table_bloat.sql):
-- each row has a line pointer (4), a header (23, and a bit a column where a column has nulls) and the average width of its
-- columns, header and data padded to 8; a page has 24 bytes of header and is filled up to the fillfactor. Null where the
-- table was never analyzed, or the role may not read its statistics. TOAST is left out on both sides.
with tables as (
  select c.oid, c.relname, c.relpages, c.reltuples, c.relispartition,
    coalesce((select o.option_value::int from pg_options_to_table(c.reloptions) o where o.option_name = 'fillfactor'), 100) as fillfactor,
    coalesce((select o.option_value::boolean from pg_options_to_table(c.reloptions) o where o.option_name = 'autovacuum_enabled'), true) as vacuumed,
    coalesce((select o.option_value::float8 from pg_options_to_table(c.reloptions) o where o.option_name = 'autovacuum_vacuum_threshold'),
             current_setting('autovacuum_vacuum_threshold')::float8)
    + coalesce((select o.option_value::float8 from pg_options_to_table(c.reloptions) o where o.option_name = 'autovacuum_vacuum_scale_factor'),
               current_setting('autovacuum_vacuum_scale_factor')::float8) * greatest(c.reltuples, 0) as threshold
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind = 'r'),
rows as (
  select t.oid, count(*) filter (where s.attname is null) as unknown,
    23 + case when max(s.null_frac) > 0 then (7 + count(*)) / 8 else 0 end as header, sum((1 - s.null_frac) * s.avg_width) as data
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  left join pg_stats s on s.schemaname = $1 and s.tablename = t.relname and s.attname = a.attname and not s.inherited
  group by t.oid)
select jsonb_build_object(
  'table', t.relname, 'bytes', pg_relation_size(t.oid), 'live_rows', coalesce(u.n_live_tup, 0), 'dead_rows', coalesce(u.n_dead_tup, 0),
  'vacuum_threshold', t.threshold, 'autovacuum', t.vacuumed, 'last_vacuum_at', greatest(u.last_vacuum, u.last_autovacuum),
  'scans', coalesce(u.seq_scan, 0), 'scanned_rows', coalesce(u.seq_tup_read, 0), 'index_scans', coalesce(u.idx_scan, 0),
  'fetched_rows', coalesce(u.idx_tup_fetch, 0),
  'expected_bytes', case when r.unknown = 0 and t.reltuples > 0 then
    (ceil(t.reltuples * (4 + ceil(r.header / 8.0) * 8 + ceil(r.data / 8.0) * 8)
          / ((current_setting('block_size')::int - 24) * t.fillfactor / 100.0)) * current_setting('block_size')::int)::bigint end)::text
from tables t join rows r on r.oid = t.oid left join pg_stat_user_tables u on u.relid = t.oid
order by t.relname
