-- What the ancestor stored and we derive. docs/reference/ancestor-schema.md says for every column where it went.

-- Edges of the graph of each task.
create view tasker.workflow_step_edges as
select s.task_id, s.step_no as from_step_id, d.step_no as to_step_id, 'provides'::text as name
from tasker.workflow_steps s cross join lateral unnest(s.dependents) d(step_no);

-- The whole trail of steps, the initial `pending` included, with `most_recent`.
create view tasker.workflow_step_transition_log as
select t.task_id, t.step_no as workflow_step_id, t.seq as sort_key, t.from_state, t.to_state, coalesce(t.metadata, '{}') as metadata,
       t.attempt, t.worker_id, t.created_at, t.seq = s.seq as most_recent
from tasker.workflow_step_transitions t
join tasker.workflow_steps s on s.task_id = t.task_id and s.step_no = t.step_no
union all
select s.task_id, s.step_no, 0, null, 'pending', '{}', null, null, t.created_at, s.seq = 0
from tasker.workflow_steps s join tasker.tasks t on t.task_id = s.task_id;

-- The trail of tasks, with `most_recent`.
create view tasker.task_transition_log as
select t.task_id, t.seq as sort_key, t.from_state, t.to_state, coalesce(t.metadata, '{}') as metadata, t.created_at, t.seq = k.seq as most_recent
from tasker.task_transitions t join tasker.tasks k on k.task_id = t.task_id
union all
select k.task_id, 0, null, 'pending', '{}', k.created_at, k.seq = 0 from tasker.tasks k;

-- Which steps a named task has (its current content).
create view tasker.named_tasks_named_steps as
select t.named_task_id, s.named_step_id, s.skippable, s.retryable as default_retryable, s.retry_limit as default_retry_limit
from tasker.named_tasks t join tasker.step_templates s on s.plan_id = t.plan_id;

-- The place of each step in the graph of its task.
create view tasker.step_dag_relationships as
select s.step_no as workflow_step_id, s.task_id, t.named_step_id,
       to_jsonb(array(select e.from_step_id from tasker.workflow_step_edges e where e.task_id = s.task_id and e.to_step_id = s.step_no order by 1)) as parent_step_ids,
       to_jsonb(coalesce(s.dependents, '{}')) as child_step_ids,
       s.parent_count, coalesce(cardinality(s.dependents), 0) as child_count, s.parent_count = 0 as is_root_step, s.dependents is null as is_leaf_step
from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id;
