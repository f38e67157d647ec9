//! What must hold in a database when the dust has settled.

use sqlx::{AssertSqlSafe, PgConnection};

/// Each question finds what is wrong: one line of text for every row.
const QUESTIONS: &[(&str, &str)] = &[
    ("a step is held", "select task_id || '/' || step_no from tasker.workflow_steps where state = 'in_progress'"),
    (
        "a task did not end",
        "select task_id || ' is ' || state from tasker.tasks where state not in ('complete', 'error', 'cancelled', 'resolved_manually')",
    ),
    (
        "a complete task has a step that is not",
        "select s.task_id || '/' || s.step_no || ' is ' || s.state from tasker.workflow_steps s join tasker.tasks t using (task_id)
         where t.state = 'complete' and s.state not in ('complete', 'resolved_manually')",
    ),
    (
        "a task has lost a step",
        "select t.task_id || ' has ' || count(s) || ' of ' || t.total_steps from tasker.tasks t
         left join tasker.workflow_steps s using (task_id) group by t.task_id, t.total_steps having count(s) <> t.total_steps",
    ),
    (
        "a step counts its open parents wrong",
        "select s.task_id || '/' || s.step_no || ' says ' || s.open_parents || ', and it is ' || k.open
         from tasker.workflow_steps s
         cross join lateral (select count(*) as open from tasker.workflow_steps p where p.task_id = s.task_id
           and s.step_no = any (p.dependents) and p.state not in ('complete', 'resolved_manually')) k
         where s.open_parents <> k.open",
    ),
    (
        "a step was completed more or less than once",
        "select s.task_id || '/' || s.step_no || ': ' || count(x) from tasker.workflow_steps s
         left join tasker.workflow_step_transitions x on x.task_id = s.task_id and x.step_no = s.step_no and x.to_state = 'complete'
         group by s.task_id, s.step_no, s.state having count(x) <> (s.state = 'complete')::int",
    ),
    (
        "a task was completed more or less than once",
        "select t.task_id || ': ' || count(x) from tasker.tasks t
         left join tasker.task_transitions x on x.task_id = t.task_id and x.to_state = 'complete'
         group by t.task_id, t.state having count(x) <> (t.state = 'complete')::int",
    ),
    (
        "the trail of a step has a gap, or begins where the last move did not end",
        "select task_id || '/' || step_no || ' at ' || seq from (
           select x.*, lag(to_state, 1, 'pending') over w as before, row_number() over w as place
           from tasker.workflow_step_transitions x window w as (partition by task_id, step_no order by seq)) y
         where from_state is distinct from before or seq <> place",
    ),
    (
        "the trail of a step makes an illegal move",
        "select task_id || '/' || step_no || ': ' || from_state || ' → ' || to_state from tasker.workflow_step_transitions
         where (from_state, to_state) not in (('pending', 'in_progress'), ('in_progress', 'complete'), ('in_progress', 'error'),
           ('in_progress', 'pending'), ('in_progress', 'cancelled'), ('error', 'pending'), ('error', 'cancelled'), ('pending', 'cancelled'),
           ('error', 'resolved_manually'), ('pending', 'resolved_manually'), ('cancelled', 'pending'))",
    ),
    (
        "a step is not where its trail ends",
        "select s.task_id || '/' || s.step_no || ' is ' || s.state || ', its trail ends ' || coalesce(x.to_state, 'pending')
         from tasker.workflow_steps s
         left join lateral (select to_state, seq from tasker.workflow_step_transitions x
           where x.task_id = s.task_id and x.step_no = s.step_no order by seq desc limit 1) x on true
         where s.state <> coalesce(x.to_state, 'pending') or s.seq <> coalesce(x.seq, 0)",
    ),
    (
        "a step began before its parents were done",
        "select c.task_id || '/' || c.step_no from tasker.workflow_step_transitions c
         join tasker.workflow_steps p on p.task_id = c.task_id and c.step_no = any (p.dependents)
         where c.to_state = 'in_progress' and not exists (
           select from tasker.workflow_step_transitions d where d.task_id = p.task_id and d.step_no = p.step_no
             and d.to_state in ('complete', 'resolved_manually') and d.created_at <= c.created_at)",
    ),
    (
        "an effect took place more or less than once",
        "select s.task_id || '/' || s.step_no || ': ' || count(e) from tasker.workflow_steps s
         join tasker.step_templates t using (step_template_id)
         left join effects e on e.task_id = s.task_id and e.step_no = s.step_no
         where t.handler = 'effect' group by s.task_id, s.step_no, s.state having count(e) <> (s.state = 'complete')::int",
    ),
];

/// Everything that is wrong.
pub(crate) async fn complaints(connection: &mut PgConnection) -> Vec<String> {
    let mut complaints = Vec::new();
    for (wrong, question) in QUESTIONS {
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe((*question).to_owned()))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        complaints.extend(found.into_iter().take(5).map(|what| format!("{wrong}: {what}")));
    }
    complaints
}
