-- Client::count_steps: how many steps of all tasks a filter lets through, counted up to a limit. Index: tasks_pkey backwards,
-- then workflow_steps_pkey.
select count(*) from (
  select from tasker.tasks t
  join tasker.named_tasks n on n.named_task_id = t.named_task_id
  join tasker.namespaces ns on ns.namespace_id = n.namespace_id
  join tasker.workflow_steps s on s.task_id = t.task_id
  join tasker.step_templates st on st.step_template_id = s.step_template_id
  where ($1::text is null or ns.name = $1) and ($2::text is null or n.name = $2) and ($3::text is null or n.version = $3)
    and t.tags @> $4::text[] and ($5::timestamptz is null or t.created_at >= $5) and ($6::timestamptz is null or t.created_at < $6)
    and ($7::uuid is null or t.task_id = $7) and (cardinality($8::text[]) = 0 or st.name = any ($8)) and ($9::text is null or st.handler = $9)
    and (cardinality($10::text[]) = 0 or s.state::text = any ($10))
    and ($11::text is null or (s.state = 'error' and s.results ->> 'error_code' = $11))
    and ($12::boolean is null or (s.state = 'error' and (s.ready_at is not null or s.held_at is not null) = $12))
    and (not $13::boolean or t.state in ('pending', 'in_progress', 'error'))
    and ($14::uuid is null or t.task_id < $14 or (t.task_id = $14 and s.step_no > $15::int))
  limit $16) x
