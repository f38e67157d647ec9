//! A test leaves nothing, is seen by nobody, and disturbs nobody.

use crate::support::{Shop, begun, checkout, client, count, database, request, template, workflow};
use serde_json::json;
use std::time::Duration;
use tasker_core::handler::{Worker, WorkerOptions};
use tasker_core::model::{State, TaskRequest};
use tasker_core::testing::Workflow;

const TABLES: [&str; 10] = [
    "tasks",
    "workflow_steps",
    "workers",
    "worker_claims",
    "workflow_step_transitions",
    "task_transitions",
    "task_identities",
    "named_tasks",
    "lanes",
    "plans",
];

#[tokio::test]
async fn after_a_rollback_no_row_is_left() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    workflow.fault("charge").on_attempt(1).loses_its_worker().unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    let report = workflow.crash_everywhere(&request()).run().await.unwrap();
    assert!(report.is_right(), "{report}");
    assert!(count(&mut connection, "tasker.workflow_steps").await > 0);

    sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
    for table in TABLES {
        let rows = count(&mut connection, &format!("tasker.{table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
    let clock: bool = sqlx::query_scalar(
        "select tasker.clock() between now() - interval '1 minute' and now() + interval '1 minute'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(clock, "the clock goes with the transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_worker_beside_the_test_takes_nothing_of_it_and_loses_nothing_to_it() {
    let database = database().await;
    let client = client(&database.url());
    client.register_template(&checkout(), false).await.unwrap();
    let outside = Shop::new();
    let worker = Worker::start(&client, outside.registry.clone(), WorkerOptions::default())
        .await
        .unwrap();

    let mut connection = begun(&database).await;
    let inside = Shop::new();
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    workflow.handlers(&inside.registry).unwrap();
    let mine = workflow.create(&request()).await.unwrap().task_id;
    workflow.run_one(mine).await.unwrap();

    // The clock of the test runs a lease ahead, and its reaper looks for the dead.
    workflow.fault("charge").on_attempt(1).loses_its_worker().unwrap();
    let report = workflow.run_one(mine).await.unwrap();
    assert_eq!(report.step("charge").unwrap().worker_losses, 1);

    // Meanwhile the worker works, in the same lanes.
    let theirs = client.create_task(&request()).await.unwrap().task_id;
    let ended = client
        .wait(theirs, &[State::Complete, State::Error], Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(ended.status, State::Complete);
    assert_eq!(outside.charged(), 1);

    let report = workflow.run_to_end(mine).await.unwrap();
    assert_eq!((report.status(), inside.charged()), (State::Complete, 1));
    let alive: i64 = sqlx::query_scalar(
        "select count(*) from tasker.workers where state = 'alive' and worker_id = $1 and runtime = 'rust'",
    )
    .bind(worker.status().worker_id)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(alive, 1, "nobody else is taken for dead by the clock of a test");
    sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
    worker.shutdown().await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn steps_of_others_in_the_same_lanes_are_neither_taken_nor_in_the_way() {
    let database = database().await;
    let client = client(&database.url());
    // Another named task with the same handler, so that a worker looks at its lane too.
    let other = template(json!({
        "name": "other", "namespace_name": "shop", "version": "1.0.0",
        "step_templates": [{"name": "check", "handler": "shop.checkout.check"}],
    }));
    client.register_template(&other, false).await.unwrap();
    let request_of_theirs = TaskRequest::new("other").in_namespace("shop");
    let theirs = client.create_task(&request_of_theirs).await.unwrap().task_id;
    // A step that must run alone: a worker that is idle takes the oldest of those, and nothing else.
    let mut connection = database.connect().await.unwrap();
    sqlx::query(
        "update tasker.workflow_steps set lane_id = tasker.sibling_lane(lane_id, null, 2) where ready_at is not null",
    )
    .execute(&mut connection)
    .await
    .unwrap();

    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    for attempt in [1, 2] {
        let fault = workflow.fault("check").on_attempt(attempt);
        fault.loses_its_worker().unwrap();
    }
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.step("check").unwrap().worker_losses, 2);
    assert_eq!(client.task(theirs).await.unwrap().status, State::Pending);
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_in_parallel_do_not_see_each_other() {
    let database = database().await;
    let registered = client(&database.url());
    registered.register_template(&checkout(), false).await.unwrap();
    registered.close().await;
    let database = std::sync::Arc::new(database);
    let tests: Vec<_> = (0..4)
        .map(|number| {
            let database = std::sync::Arc::clone(&database);
            tokio::spawn(async move {
                let mut connection = begun(&database).await;
                let shop = Shop::new();
                let mut workflow = Workflow::on(&mut connection).await.unwrap();
                workflow.handlers(&shop.registry).unwrap();
                workflow
                    .advance(Duration::from_secs(3_600 * number))
                    .await
                    .unwrap();
                let report = workflow.run(&request()).await.unwrap();
                assert_eq!(report.status(), State::Complete);
                assert_eq!(shop.charged(), 1);
                assert_eq!(count(&mut connection, "tasker.tasks").await, 1);
            })
        })
        .collect();
    for test in tests {
        test.await.unwrap();
    }
}

#[tokio::test]
async fn a_database_behind_a_transaction_of_sqlx_works_as_one_begun_by_hand() {
    use sqlx::Connection;
    let database = database().await;
    let mut connection = database.connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let shop = Shop::new();
    let report = workflow(&mut transaction, &shop)
        .await
        .run(&request())
        .await
        .unwrap();
    assert_eq!(report.status(), State::Complete);
    transaction.rollback().await.unwrap();
    assert_eq!(count(&mut connection, "tasker.tasks").await, 0);
}
