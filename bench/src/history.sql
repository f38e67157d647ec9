-- A history to list: {tasks} tasks of the named tasks that are registered, one every half minute, the last 3 % of them still open;
-- one in fifty failed, fewer were cancelled or resolved. Everything a list can be narrowed to has values that many tasks share
-- and values that few have. Run in the schema.
insert into tasks (task_id, named_task_id, plan_id, total_steps, open_sinks, priority, created_at, requested_at, state, seq, irregular,
  started_at, completed_at, paused_at, initiator, source_system, tags, context)
select (lpad(to_hex((extract(epoch from g.at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(g.n % 4096), 3, '0') || '8' || lpad(to_hex(g.n), 15, '0'))::uuid,
       d.named_task_id, d.plan_id, d.step_count, case when g.state in ('pending', 'in_progress') then d.sink_count else 0 end,
       case when g.n % 20 = 0 then 2 end, g.at, g.at, g.state,
       case g.state when 'pending' then 0 when 'in_progress' then 1 else 2 end,
       g.state in ('error', 'cancelled', 'resolved_manually'),
       case when g.state <> 'pending' then g.at end,
       case when g.state not in ('pending', 'in_progress') then g.at + interval '1 minute' * (1 + g.n % 60) end,
       case when g.n % 1000 = 11 then g.at end,
       case when g.n % 10 < 4 then 'unknown' else 'user_' || g.n % 100 end,
       case when g.n % 10 < 2 then 'unknown' when g.n % 500 = 9 then 'rare' else 'system_' || g.n % 4 end,
       case when g.n % 5 = 0 then array['tag_' || g.n % 50, 'all'] else '{}' end,
       jsonb_build_object('order_id', g.n, 'customer', jsonb_build_object('id', 'c' || g.n % 2000), 'note', 'note ' || g.n % 100)
from (
  select n, now() - ({tasks} - n) * interval '30 seconds' as at,
         (case when n > {tasks} * 0.97 then case when n % 3 = 0 then 'in_progress' else 'pending' end
               when n % 50 = 7 then 'error' when n % 100 = 3 then 'cancelled' when n % 200 = 5 then 'resolved_manually'
               else 'complete' end)::state as state
  from generate_series(1, {tasks}) n) g
join (select row_number() over (order by k.named_task_id) - 1 as no, count(*) over () as names, k.named_task_id, p.plan_id, p.step_count, p.sink_count
      from named_tasks k join plans p on p.plan_id = k.plan_id) d on d.no = g.n % d.names;

insert into workflow_steps (task_id, step_no, step_template_id, retry_limit, parent_count, dependents, lane_id, open_parents, state, seq,
  attempts, claim_no, ready_at, ended_at, results)
select t.task_id, s.step_no, s.step_template_id, s.retry_limit, cardinality(s.parents), s.dependents, s.lane_id,
       case when t.completed_at is null then cardinality(s.parents) else 0 end,
       (case when t.completed_at is null then 'pending'
             when t.state in ('error', 'cancelled') and s.dependents is null then t.state::text else 'complete' end)::state,
       case when t.completed_at is null then 0 else 2 end, (t.completed_at is not null)::int, (t.completed_at is not null)::int,
       case when t.completed_at is null and s.parents = '{}' then t.created_at end, t.completed_at,
       case when t.state = 'error' and s.dependents is null then jsonb_build_object('error', 'it broke', 'error_code', 'code_' || (t.context ->> 'order_id')::int % 9)
            when t.completed_at is not null then '{"ok": true}' end
from tasks t join step_templates s on s.plan_id = t.plan_id;

insert into workflow_step_transitions (task_id, step_no, seq, from_state, to_state, attempt, created_at, metadata)
select s.task_id, s.step_no, m.seq, m.before, m.after, 1, t.created_at + m.seq * interval '1 second',
       case when m.after = 'error' then s.results end
from tasks t join workflow_steps s on s.task_id = t.task_id
cross join lateral (values (1, 'pending'::state, 'in_progress'::state), (2, 'in_progress', s.state)) m(seq, before, after)
where s.state in ('complete', 'error');

insert into task_transitions (task_id, seq, from_state, to_state, created_at)
select t.task_id, m.seq, m.before, m.after, case m.seq when 1 then t.started_at else t.completed_at end
from tasks t
cross join lateral (values (1, 'pending'::state, 'in_progress'::state), (2, 'in_progress', t.state)) m(seq, before, after)
where m.seq <= t.seq;

insert into annotation_types (name, created_at, updated_at) values ('review', now(), now()), ('refund', now(), now());
insert into task_annotations (task_id, annotation_type_id, annotation, created_at, updated_at)
select t.task_id, y.annotation_type_id, jsonb_build_object(case when (t.context ->> 'order_id')::int % 40 = 0 then 'score' else 'by' end, (t.context ->> 'order_id')::int % 70), t.created_at, t.created_at
from tasks t join annotation_types y on y.name = case when (t.context ->> 'order_id')::int % 200 = 0 then 'refund' else 'review' end
where (t.context ->> 'order_id')::int % 20 = 0;

select insert_search_attributes(array(select t.task_id from tasks t));
