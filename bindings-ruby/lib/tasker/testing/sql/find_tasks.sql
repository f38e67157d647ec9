-- ExampleClient#list_tasks, #count_tasks: the ids of tasks that a filter lets through, newest first, by the rules of
-- core/src/store/search.rs. The filter is one JSON object. Index: tasks_pkey backwards. Locks: none.
select t.task_id::text
from (select $1::jsonb as f) given
cross join tasker.tasks t
join tasker.named_tasks n on n.named_task_id = t.named_task_id
join tasker.namespaces ns on ns.namespace_id = n.namespace_id
where (f ->> 'namespace' is null or ns.name = f ->> 'namespace') and (f ->> 'name' is null or n.name = f ->> 'name')
  and (f ->> 'version' is null or n.version = f ->> 'version')
  and (coalesce(f -> 'status', '[]') = '[]' or f -> 'status' @> to_jsonb(t.state::text))
  and to_jsonb(t.tags) @> coalesce(f -> 'tags', '[]')
  and (f ->> 'initiator' is null or t.initiator = f ->> 'initiator')
  and (f ->> 'source_system' is null or t.source_system = f ->> 'source_system')
  and (f ->> 'since' is null or t.created_at >= (f ->> 'since')::timestamptz)
  and (f ->> 'created_before' is null or t.created_at < (f ->> 'created_before')::timestamptz)
  and (f ->> 'completed_since' is null or t.completed_at >= (f ->> 'completed_since')::timestamptz)
  and (f ->> 'completed_before' is null or t.completed_at < (f ->> 'completed_before')::timestamptz)
  and (f ->> 'paused' is null or (t.paused_at is not null) = (f ->> 'paused')::boolean)
  and t.context @> coalesce(f -> 'context', '{}')
  and (f ->> 'error_code' is null or exists (
    select from tasker.workflow_steps s
    where s.task_id = t.task_id and s.state = 'error' and s.results ->> 'error_code' = f ->> 'error_code'))
  and (f ->> 'after' is null or t.task_id < (f ->> 'after')::uuid)
  and (f -> 'annotation' is null or exists (
    select from tasker.task_annotations a join tasker.annotation_types y on y.annotation_type_id = a.annotation_type_id
    where a.task_id = t.task_id
      and (f #>> '{annotation,annotation_type}' is null or y.name = f #>> '{annotation,annotation_type}')
      and case
        when f #>> '{annotation,key}' is null then f #> '{annotation,value}' is null or a.annotation = f #> '{annotation,value}'
        when f #> '{annotation,value}' is null then jsonb_exists(a.annotation, f #>> '{annotation,key}')
        else a.annotation @> jsonb_build_object(f #>> '{annotation,key}', f #> '{annotation,value}') end))
order by t.task_id desc limit $2
