-- Source#check: which tables of the ancestor's there are, with their columns. $1: the schema.
select c.relname::text as table_name, a.attname::text as column_name
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = $1 and c.relkind in ('r', 'p') and c.relname like 'tasker\_%'
