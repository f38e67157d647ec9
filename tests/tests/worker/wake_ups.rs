//! How soon an idle worker starts what another process creates.

use crate::support::{client, create, database, ended, number, register_one, settings, until};
use serde_json::json;
use std::time::Duration;
use tasker_core::handler::{Registry, Step, Worker, WorkerOptions};

/// How long the database says that a task of another client waited for an idle worker.
async fn waited(listen: bool) -> Duration {
    let database = database().await;
    let (here, there) = (client(&database, settings()), client(&database, settings()));
    register_one(&here, "one", json!({})).await;
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let options = WorkerOptions {
        concurrency: 1,
        listen,
        ..WorkerOptions::default()
    };
    let worker = Worker::start(&here, registry, options).await.unwrap();
    until("the worker is idle and says so", || async {
        number(
            &database,
            "select count(*) from tasker.worker_heartbeats where idle",
        )
        .await
            == 1
    })
    .await;
    if listen {
        let listening = "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'";
        until("it listens", || async { number(&database, listening).await == 1 }).await;
    }
    let task = create(&there, "one", json!({})).await;
    ended(&there, task).await;
    worker.shutdown().await.unwrap();
    let waited = "select (extract(epoch from s.last_attempted_at - t.created_at) * 1000)::bigint
                  from tasker.tasks t join tasker.workflow_steps s using (task_id)";
    Duration::from_millis(u64::try_from(number(&database, waited).await).unwrap())
}

#[tokio::test]
async fn an_idle_worker_that_listens_is_woken_by_another_process() {
    let waited = waited(true).await;
    assert!(waited < Duration::from_millis(1000), "{waited:?}");
}

#[tokio::test]
async fn an_idle_worker_that_does_not_listen_finds_work_by_polling() {
    let waited = waited(false).await;
    assert!(
        waited < Duration::from_millis(2500),
        "a second between two polls: {waited:?}"
    );
}
