//! How many connections a process has, and what limits their sessions have.

use crate::support::{
    bridge, client, create, database, ended, number, only, register_one, settings, template, until, worker,
};
use serde_json::json;
use sqlx::Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tasker_core::{
    ErrorKind,
    handler::{Registry, Step},
    model::{Operator, State, TaskRequest, WorkerFilter},
};

/// Sessions of the engine; a listener has nothing to do but to wait, and is counted by itself.
const WORKING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'tasker' and query not ilike 'listen%'";
const LISTENING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'tasker' and query ilike 'listen%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_worker_and_its_client_have_four_connections_and_one_to_listen_on() {
    let database = database().await;
    let client = client(&database, settings());
    client
        .register_template(
            &template(
                "diamond",
                &[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])],
            ),
            false,
        )
        .await
        .unwrap();
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&client, registry, 32).await;
    let done = Arc::new(AtomicBool::new(false));
    let counting = {
        let (database, done) = (database.url(), Arc::clone(&done));
        tokio::spawn(async move {
            let mut connection = sqlx::PgConnection::connect(&database).await.unwrap();
            let (mut most, mut listeners) = (0, 0);
            let count = |question| sqlx::query_scalar::<_, i64>(question);
            // Until the listener has said what it is, its connection looks like one at work.
            while count(LISTENING).fetch_one(&mut connection).await.unwrap() == 0 {
                assert!(!done.load(Ordering::Acquire), "nobody ever listened");
            }
            while !done.load(Ordering::Acquire) {
                most = most.max(count(WORKING).fetch_one(&mut connection).await.unwrap());
                listeners = listeners.max(count(LISTENING).fetch_one(&mut connection).await.unwrap());
            }
            (most, listeners)
        })
    };
    let mut creating = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        creating.spawn(async move {
            for _ in 0..10 {
                let task = create(&client, "diamond", json!({})).await;
                assert_eq!(ended(&client, task).await.status, State::Complete);
            }
        });
    }
    while let Some(created) = creating.join_next().await {
        created.unwrap();
    }
    done.store(true, Ordering::Release);
    let (most, listeners) = counting.await.unwrap();
    assert!((2..=4).contains(&most), "{most} connections");
    assert_eq!(listeners, 1);
    worker.shutdown().await.unwrap();
    until("the worker's connections are closed", async || {
        number(&database, WORKING).await <= 1 && number(&database, LISTENING).await == 0
    })
    .await;
}

#[tokio::test]
async fn a_budget_that_has_no_room_for_a_worker_is_refused() {
    let database = database().await;
    let mut settings = settings();
    settings.database.max_connections = 2;
    let client = client(&database, settings);
    let error = tasker_core::worker::Worker::start(&client, Default::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::ConfigInvalid);
}

#[tokio::test]
async fn connections_that_nobody_uses_are_closed_after_a_while() {
    let database = database().await;
    let mut settings = settings();
    settings.database.idle_seconds = 0.1;
    let client = client(&database, settings);
    client.list_workers(&WorkerFilter::default()).await.unwrap();
    until("no connection is open", async || {
        number(&database, WORKING).await == 0
    })
    .await;
    client.list_workers(&WorkerFilter::default()).await.unwrap();
}

#[tokio::test]
async fn a_heartbeat_gets_through_when_every_connection_of_the_worker_waits_for_a_lock() {
    let database = database().await;
    let mut settings = settings();
    settings.execution.lease_seconds = 1.5;
    let client = client(&database, settings);
    register_one(&client, "one", json!({})).await;
    let worker = bridge(&client, 8).await;
    let id = worker.status().worker_id;
    let mut somebody = database.connect().await.unwrap();
    // Both tables at once, or none: with one in hand, waiting for the other, this would be one half of a deadlock with a
    // claim, which takes them as its plan has it.
    let lock = "lock table tasker.workflow_steps, tasker.lanes in access exclusive mode nowait";
    let transaction = loop {
        let mut attempt = somebody.begin().await.unwrap();
        match sqlx::query(lock).execute(&mut *attempt).await {
            Ok(_) => break attempt,
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                assert_eq!(code.as_deref(), Some("55P03"), "{error}");
            }
        }
    };
    let waiting = "select count(*) from pg_stat_activity where datname = current_database()
                   and application_name = 'tasker' and wait_event_type = 'Lock'";
    // Three calls that read what is locked take all three connections of the worker.
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let worker = Arc::clone(&worker);
        readers.spawn(async move { worker.fetch_results(uuid::Uuid::now_v7()).await.map(drop) });
    }
    until("calls of the worker wait", async || {
        number(&database, waiting).await >= 2
    })
    .await;
    let begun = Instant::now();
    let alive = "select count(*) from tasker.workers join tasker.worker_heartbeats using (worker_id) where state = 'alive'
                 and heartbeat_at > clock_timestamp() - interval '1.5 s'";
    while begun.elapsed() < Duration::from_secs(4) {
        assert_eq!(number(&database, alive).await, 1, "after {:?}", begun.elapsed());
        tokio::task::yield_now().await;
    }
    transaction.rollback().await.unwrap();
    assert_eq!(worker.status().worker_id, id);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_call_waits_for_a_lock_no_longer_than_it_may_and_the_callers_connection_has_no_such_limit() {
    let database = database().await;
    let mut settings = settings();
    settings.database.lock_timeout_seconds = 0.2;
    let client = client(&database, settings);
    register_one(&client, "one", json!({})).await;
    let task = create(&client, "one", json!({})).await;
    let mut somebody = database.connect().await.unwrap();
    let mut transaction = somebody.begin().await.unwrap();
    sqlx::query("select from tasker.tasks where task_id = $1 for update")
        .bind(task)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let error = client
        .cancel_task(task, &Operator::named("a test"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    client
        .create_task_in(&mut transaction, &TaskRequest::new("one"))
        .await
        .unwrap();
    let limit: String = sqlx::query_scalar("show lock_timeout")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(limit, "0");
}

#[tokio::test]
async fn an_outcome_in_the_side_lane_waits_for_a_lock_longer_than_other_calls_do() {
    let database = database().await;
    let mut settings = settings();
    settings.database.lock_timeout_seconds = 0.1;
    let client = client(&database, settings);
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    let (go, runs) = (Arc::new(tokio::sync::Notify::new()), Arc::new(AtomicI64::new(0)));
    registry.handler("work", {
        let (go, runs) = (Arc::clone(&go), Arc::clone(&runs));
        move |_: Step| {
            let (go, runs) = (Arc::clone(&go), Arc::clone(&runs));
            async move {
                runs.fetch_add(1, Ordering::AcqRel);
                go.notified().await;
                Ok(())
            }
        }
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "one", json!({})).await;
    until("the handler runs", async || runs.load(Ordering::Acquire) == 1).await;
    let mut somebody = database.connect().await.unwrap();
    let mut transaction = somebody.begin().await.unwrap();
    sqlx::query("select from tasker.workflow_steps where task_id = $1 for update")
        .bind(task)
        .execute(&mut *transaction)
        .await
        .unwrap();
    go.notify_one();
    let patient = "select count(*) from pg_stat_activity where datname = current_database()
                   and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '0.5 s'";
    until("the outcome waits for five times the usual limit", async || {
        number(&database, patient).await == 1
    })
    .await;
    transaction.rollback().await.unwrap();
    assert_eq!(ended(&client, task).await.status, State::Complete);
    assert_eq!(only(&client, task).await.attempts, 1);
    worker.shutdown().await.unwrap();
}
