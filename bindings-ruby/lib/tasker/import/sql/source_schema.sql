-- Database#source_schema: where the ancestor's tables lie: where the search path leads, else in the first schema that has them.
select n.nspname::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = 'tasker_tasks' and c.relkind in ('r', 'p')
order by c.oid = to_regclass('tasker_tasks') desc nulls last, n.nspname
limit 1
