//! What must be true of a database of Tasker at any moment, whatever happened before.

use crate::TestDatabase;
use anyhow::Result;
use sqlx::PgConnection;
use tasker_core::model::{STEP_TRANSITIONS, State, TASK_TRANSITIONS};

/// Panics with everything that is wrong with the tasks, steps, trail, lanes and workers of a database in the schema
/// `tasker`.
///
/// # Panics
/// When something is wrong, or the database cannot be read.
pub async fn assert_consistent(database: &TestDatabase) {
    let found = async {
        let mut connection = database.connect().await?;
        inconsistencies(&mut connection).await
    };
    match found.await {
        Ok(found) => assert!(
            found.is_empty(),
            "the database is not consistent:\n  {}",
            found.join("\n  ")
        ),
        Err(error) => panic!("the database cannot be checked: {error:#}"),
    }
}

/// Everything that is wrong, as the connection sees it: one sentence each.
///
/// # Errors
/// When the database cannot be read.
pub async fn inconsistencies(connection: &mut PgConnection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (rule, query) in RULES {
        let offenders: Vec<String> = sqlx::query_scalar(*query).fetch_all(&mut *connection).await?;
        found.extend(
            offenders
                .into_iter()
                .map(|offender| format!("{rule}: {offender}")),
        );
    }
    let step_moves = "select distinct from_state::text, to_state::text from tasker.workflow_step_transitions";
    let task_moves = "select distinct from_state::text, to_state::text from tasker.task_transitions";
    let tables = [
        (step_moves, "step", STEP_TRANSITIONS),
        (task_moves, "task", TASK_TRANSITIONS),
    ];
    for (query, what, table) in tables {
        let moves: Vec<(String, String)> = sqlx::query_as(query).fetch_all(&mut *connection).await?;
        for (from, to) in moves {
            let (from, to): (State, State) = (from.parse()?, to.parse()?);
            if !table.iter().any(|row| row.0 == from && row.1 == to) {
                found.push(format!("a {what} may not go from {from} to {to}"));
            }
        }
    }
    Ok(found)
}

/// What must hold, and the query that names what breaks it.
const RULES: &[(&str, &str)] = &[
    (
        "a task that did not end by its steps alone is irregular: lists find it by that",
        "select format('task %s: %s', t.task_id, t.state) from tasker.tasks t
         where t.state in ('error', 'cancelled', 'resolved_manually') and not t.irregular",
    ),
    (
        "what a task is searched by goes with the task",
        "select format('task %s: %s', a.task_id, a.name) from tasker.task_search_attributes a
         where not exists (select from tasker.tasks t where t.task_id = a.task_id)",
    ),
    (
        "the trail of a step has no gap, hangs together and ends in the step's state",
        "with trail as (
           select t.*, row_number() over w as place,
                  coalesce(lag(t.to_state) over w, 'pending') as before
           from tasker.workflow_step_transitions t window w as (partition by t.task_id, t.step_no order by t.seq))
         select format('step %s of %s: seq %s/%s, %s, recorded %s', s.step_no, s.task_id, s.seq, x.last, s.state, x.ended)
         from tasker.workflow_steps s
         left join lateral (
           select count(*) as rows, max(t.seq) as last, bool_and(t.seq = t.place and t.before = t.from_state) as whole,
                  (array_agg(t.to_state order by t.seq desc))[1] as ended
           from trail t where t.task_id = s.task_id and t.step_no = s.step_no) x on true
         where coalesce(x.last, 0) <> s.seq or x.whole is false or coalesce(x.ended, 'pending') <> s.state",
    ),
    (
        "the trail of a task has no gap, hangs together and ends in the task's state",
        "with trail as (
           select t.*, row_number() over w as place, coalesce(lag(t.to_state) over w, 'pending') as before
           from tasker.task_transitions t window w as (partition by t.task_id order by t.seq))
         select format('task %s: seq %s/%s, %s, recorded %s', k.task_id, k.seq, x.last, k.state, x.ended)
         from tasker.tasks k
         left join lateral (
           select max(t.seq) as last, bool_and(t.seq = t.place and t.before = t.from_state) as whole,
                  (array_agg(t.to_state order by t.seq desc))[1] as ended
           from trail t where t.task_id = k.task_id) x on true
         where coalesce(x.last, 0) <> k.seq or x.whole is false or coalesce(x.ended, 'pending') <> k.state",
    ),
    (
        "every transition belongs to a task and a step",
        "select t.task_id::text from tasker.task_transitions t where not exists (select from tasker.tasks k where k.task_id = t.task_id)
         union all
         select t.task_id || ' ' || t.step_no from tasker.workflow_step_transitions t
         where not exists (select from tasker.workflow_steps s where s.task_id = t.task_id and s.step_no = t.step_no)",
    ),
    (
        "open_parents counts the parents that have not ended well, parent_count all of them",
        "select format('step %s of %s: %s of %s open, counted %s of %s', s.step_no, s.task_id, s.open_parents, s.parent_count, x.open, x.all)
         from tasker.workflow_steps s
         cross join lateral (
           select count(*) as all, count(*) filter (where p.state not in ('complete', 'resolved_manually')) as open
           from tasker.workflow_steps p where p.task_id = s.task_id and s.step_no = any (p.dependents)) x
         where x.open <> s.open_parents or x.all <> s.parent_count",
    ),
    (
        "only what waits for nothing but a worker has an instant, and all of that has one",
        "select format('step %s of %s: %s, %s open parents, ready %s, held %s', s.step_no, s.task_id, s.state, s.open_parents, s.ready_at, s.held_at)
         from tasker.workflow_steps s
         where (s.ready_at is not null and s.held_at is not null)
            or (s.state = 'pending' and (s.open_parents = 0) <> (s.ready_at is not null or s.held_at is not null))
            or (s.state not in ('pending', 'error') and (s.ready_at is not null or s.held_at is not null))
            or (s.state in ('in_progress', 'complete', 'error') and s.open_parents > 0)",
    ),
    (
        "what a paused task could run is held, and of no other task",
        "select format('step %s of %s', s.step_no, s.task_id)
         from tasker.workflow_steps s join tasker.tasks t on t.task_id = s.task_id
         where case when t.paused_at is null then s.held_at else s.ready_at end is not null",
    ),
    (
        "a failed step waits for a retry exactly when there is one to come",
        "select format('step %s of %s: attempt %s of %s, %s, waits %s', s.step_no, s.task_id, s.attempts, s.retry_limit, s.results,
                       s.ready_at is not null or s.held_at is not null)
         from tasker.workflow_steps s join tasker.step_templates t on t.step_template_id = s.step_template_id
         join tasker.tasks k on k.task_id = s.task_id
         where s.state = 'error' and k.state not in ('cancelled', 'resolved_manually')
           and (s.ready_at is not null or s.held_at is not null) <> (
             coalesce((s.results ->> 'retryable')::boolean, true) and t.retryable
             and (s.attempts < s.retry_limit
                  or (s.results ->> 'error_code' is not distinct from 'worker_lost' and s.retry_limit > 1)))",
    ),
    (
        "a task is in the state that its steps call for",
        "select format('task %s: %s; steps %s', t.task_id, t.state, x.states)
         from tasker.tasks t
         cross join lateral (
           select bool_or(s.state = 'in_progress' or s.ready_at is not null or s.held_at is not null) as alive,
                  bool_or(s.claim_no > 0) as claimed, bool_or(s.state in ('pending', 'in_progress')) as open,
                  bool_and(s.state in ('complete', 'resolved_manually')) as done,
                  string_agg(s.step_no || ' ' || s.state, ', ' order by s.step_no) as states
           from tasker.workflow_steps s where s.task_id = t.task_id) x
         where case t.state when 'pending' then x.done or not x.alive or x.claimed
                            when 'in_progress' then x.done or not x.alive
                            when 'complete' then not x.done
                            when 'error' then x.done or x.alive
                            else x.alive or x.open end",
    ),
    (
        "a regular task counts its open sinks, and nothing of it is blocked",
        "select format('task %s: %s sinks, counted %s', t.task_id, t.open_sinks, x.sinks)
         from tasker.tasks t
         cross join lateral (
           select count(*) filter (where s.dependents is null and s.state not in ('complete', 'resolved_manually')) as sinks,
                  bool_or(s.state = 'cancelled' or (s.state = 'error' and s.ready_at is null)) as blocked
           from tasker.workflow_steps s where s.task_id = t.task_id) x
         where not t.irregular and (x.sinks <> t.open_sinks or x.blocked)",
    ),
    (
        "a task has the steps and the times that belong to its state",
        "select format('task %s: %s, %s steps, started %s, completed %s', t.task_id, t.state, t.total_steps, t.started_at, t.completed_at)
         from tasker.tasks t
         where t.total_steps <> (select count(*) from tasker.workflow_steps s where s.task_id = t.task_id)
            or (t.completed_at is not null) <> (t.state not in ('pending', 'in_progress'))
            or (t.state = 'in_progress' and t.started_at is null) or (t.state = 'pending' and t.started_at is not null)",
    ),
    (
        "what runs is held by a worker that lives, and is found by what the worker claimed",
        "select format('step %s of %s: worker %s is %s', s.step_no, s.task_id, s.worker_id, w.state)
         from tasker.workflow_steps s left join tasker.workers w on w.worker_id = s.worker_id
         where s.state = 'in_progress' and (w.worker_id is null or w.stopped_at is not null or not exists (
           select from tasker.worker_claims c cross join lateral unnest(c.task_ids, c.step_nos) k(task_id, step_no)
           where c.worker_id = s.worker_id and k.task_id = s.task_id and k.step_no = s.step_no))",
    ),
    (
        "a worker that has ended holds no batch",
        "select format('worker %s, batch %s', c.worker_id, c.batch)
         from tasker.worker_claims c left join tasker.workers w on w.worker_id = c.worker_id
         where w.worker_id is null or w.stopped_at is not null",
    ),
    (
        "the fence counts every claim",
        "select format('step %s of %s: claim %s, claimed %s times', s.step_no, s.task_id, s.claim_no, x.claims)
         from tasker.workflow_steps s
         cross join lateral (
           select count(*) as claims from tasker.workflow_step_transitions t
           where t.task_id = s.task_id and t.step_no = s.step_no and t.to_state = 'in_progress') x
         where s.claim_no < x.claims or s.attempts < 0 or s.worker_losses < 0",
    ),
    (
        "a step lies in a lane of its handler that may claim it so",
        "select format('step %s of %s: lane %s, mode %s; attempt %s of %s', s.step_no, s.task_id, s.lane_id, l.mode, s.attempts, s.retry_limit)
         from tasker.workflow_steps s
         join tasker.step_templates t on t.step_template_id = s.step_template_id
         join tasker.lanes l on l.lane_id = s.lane_id
         where t.handler <> l.handler
            or ((s.ready_at is not null or s.held_at is not null) and s.worker_losses = 0
                and l.mode <> tasker.claim_mode(s.attempts, s.retry_limit, 0, 3))",
    ),
    (
        "a lane is paused exactly when something that covers it is",
        "select format('lane %s', l.lane_id)
         from tasker.lanes l join tasker.namespaces n on n.namespace_id = l.namespace_id
         where l.paused <> exists (
           select from tasker.pauses p
           where (p.namespace is null or p.namespace = n.name) and (p.task_name is null or p.task_name = l.task_name)
             and (p.handler is null or p.handler = l.handler))",
    ),
];
