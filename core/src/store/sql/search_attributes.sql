-- Store::search_tasks: values of contexts as they are indexed, in order. Locks: none.
select a.text_value, a.number_value::text
from unnest($1::text[]) with ordinality v(value, ord) cross join lateral tasker.search_attribute(v.value::jsonb) a
order by v.ord
