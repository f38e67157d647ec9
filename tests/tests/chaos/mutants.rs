//! The checks can fail: each damage done by hand is found.

use crate::invariants::complaints;
use crate::stage::{Stage, settings};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tasker_tests::TestDatabase;

/// What is done to a database in which everything went well, and what must be said of it.
const DAMAGES: &[(&str, &str)] = &[
    (
        "insert into tasker.workflow_step_transitions (task_id, step_no, seq, from_state, to_state, created_at)
         select task_id, step_no, seq + 1, 'complete', 'complete', created_at from tasker.workflow_step_transitions
         where to_state = 'complete' limit 1",
        "a step was completed more or less than once",
    ),
    (
        "insert into tasker.task_transitions (task_id, seq, from_state, to_state, created_at)
         select task_id, seq + 1, 'complete', 'complete', created_at from tasker.task_transitions where to_state = 'complete' limit 1",
        "a task was completed more or less than once",
    ),
    ("insert into effects select * from effects limit 1", "an effect took place more or less than once"),
    ("delete from effects where step_no = 4", "an effect took place more or less than once"),
    ("delete from tasker.workflow_steps where step_no = 4", "a task has lost a step"),
    ("update tasker.workflow_steps set state = 'in_progress' where step_no = 4", "a step is held"),
    ("update tasker.workflow_steps set state = 'pending' where step_no = 4", "a complete task has a step that is not"),
    ("update tasker.workflow_steps set open_parents = 1 where step_no = 2", "a step counts its open parents wrong"),
    ("update tasker.tasks set state = 'in_progress'", "a task did not end"),
    (
        "delete from tasker.workflow_step_transitions where step_no = 1 and to_state = 'in_progress'",
        "the trail of a step has a gap, or begins where the last move did not end",
    ),
    (
        "update tasker.workflow_step_transitions set from_state = 'cancelled' where step_no = 1 and to_state = 'complete'",
        "the trail of a step makes an illegal move",
    ),
    ("update tasker.workflow_steps set seq = seq + 1 where step_no = 1", "a step is not where its trail ends"),
    (
        "update tasker.workflow_step_transitions set created_at = created_at - interval '1 hour' where step_no = 4 and to_state = 'in_progress'",
        "a step began before its parents were done",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_is_found() {
    let database = TestDatabase::create().await.unwrap();
    let mut stage = Stage::new(database.url(), settings()).await;
    let _worker = stage.worker(4);
    stage.create("diamond", 3, 0).await;
    stage.until_complete(3).await;
    stage.check().await;
    let mut connection = PgConnection::connect(&stage.url).await.unwrap();
    for (damage, wrong) in DAMAGES {
        let mut transaction = connection.begin().await.unwrap();
        let done = sqlx::query(AssertSqlSafe((*damage).to_owned()))
            .execute(&mut *transaction)
            .await
            .unwrap();
        assert!(done.rows_affected() > 0, "{damage}");
        let found = complaints(&mut transaction).await;
        assert!(
            found.iter().any(|line| line.starts_with(wrong)),
            "{damage}: {found:?}"
        );
        transaction.rollback().await.unwrap();
    }
    assert!(
        complaints(&mut connection).await.is_empty(),
        "a damage rolled back is none"
    );
}
