-- Client::list_namespaces: by name, with their pauses; how many there are, and whether more follow. Index: the unique keys of the
-- catalogue.
select jsonb_build_object('name', n.name, 'description', n.description,
  'named_tasks', (select count(distinct t.name) from tasker.named_tasks t where t.namespace_id = n.namespace_id),
  'pause', (select jsonb_build_object('scope', 'namespace', 'name', n.name, 'since', p.paused_at, 'by', p.paused_by, 'reason', p.reason)
            from tasker.pauses p where p.namespace = n.name and p.task_name is null),
  'paused_tasks', coalesce((
    select jsonb_agg(jsonb_build_object('scope', 'named_task', 'name', p.namespace || '.' || p.task_name, 'since', p.paused_at,
                                        'by', p.paused_by, 'reason', p.reason) order by p.task_name)
    from tasker.pauses p where p.namespace = n.name and p.task_name is not null), '[]'))::text,
  n.total, n.place < n.total
from (
  select x.*, count(*) over () as total, row_number() over (order by x.name) as place
  from tasker.namespaces x where $1::text is null or position($1 in x.name) > 0) n
where $2::text is null or n.name > $2
order by n.name limit $3
