-- Counts what would be pruned of one page of the history.
select namespace, name, state, tasks, steps, page_end from tasker.count_prunable($1::text::jsonb, $2)
