//! A database that refuses, holds up, or does not answer.

use crate::support::{client, create, database, ended, number, only, register_one, settings, until, worker};
use serde_json::json;
use sqlx::{Connection, Executor};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tasker_core::{
    handler::{Registry, Step},
    model::{State, TaskRequest},
};

#[tokio::test]
async fn outcomes_are_kept_while_the_server_only_reads_and_nothing_is_made_a_failure() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let (counted, url) = (Arc::clone(&runs), database.url());
    let mut registry = Registry::new();
    registry.handler("work", move |_: Step| {
        let (counted, url) = (Arc::clone(&counted), url.clone());
        async move {
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                // As after a failover to a standby: new transactions of every connection only read.
                let mut connection = sqlx::PgConnection::connect(&url).await?;
                connection.execute("do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$").await?;
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()").await?;
            }
            Ok("kept")
        }
    });
    let worker = worker(&client, registry, 4).await;
    let task = create(&client, "one", json!({})).await;
    until("the outcome waits", || async {
        runs.load(Ordering::SeqCst) == 1 && worker.status().running == 0
    })
    .await;
    // Long enough for several tries.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let mut connection = database.connect().await.unwrap();
    connection
        .execute("set default_transaction_read_only = off")
        .await
        .unwrap();
    connection
        .execute("do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$")
        .await
        .unwrap();
    connection
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await
        .unwrap();
    until("it is recorded", || async {
        number(
            &database,
            "select count(*) from tasker.workflow_steps where state = 'complete'",
        )
        .await
            == 1
    })
    .await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    until("the client is back", || async { client.task(task).await.is_ok() }).await;
    let step = only(&client, task).await;
    assert_eq!((step.attempts, step.results), (1, json!("kept")));
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn somebody_elses_transaction_holds_up_its_own_steps_only() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    registry.handler("work", move |_: Step| {
        let opened = Arc::clone(&opened);
        async move {
            opened.acquire().await?.forget();
            Ok(())
        }
    });
    let worker = worker(&client, registry, 20).await;
    let requests: Vec<_> = (0..20).map(|_| TaskRequest::new("one")).collect();
    let tasks = client.create_tasks(&requests).await.unwrap();
    until("all run", || async { worker.status().running == 20 }).await;
    let mut connection = database.connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("select from tasker.workflow_steps where task_id = $1 for update")
        .bind(tasks[7].task_id)
        .execute(&mut *transaction)
        .await
        .unwrap();
    gate.add_permits(20);
    for (n, task) in tasks.iter().enumerate().filter(|(n, _)| *n != 7) {
        assert_eq!(
            ended(&client, task.task_id).await.status,
            State::Complete,
            "task {n}"
        );
    }
    assert_eq!(only(&client, tasks[7].task_id).await.status, State::InProgress);
    transaction.rollback().await.unwrap();
    assert_eq!(ended(&client, tasks[7].task_id).await.status, State::Complete);
    assert_eq!(only(&client, tasks[7].task_id).await.attempts, 1);
    worker.shutdown().await.unwrap();
}
