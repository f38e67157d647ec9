//! Stopping: what waits goes back unburned, what runs may finish, the rest goes back.

use crate::support::{
    PATIENCE, bridge, client, create, database, only, register_one, settings, trail, until,
};
use serde_json::{json, value::RawValue};
use std::{sync::Arc, time::Duration};
use tasker_core::{
    Client, ErrorKind,
    bridge::{BridgeWorker, InvocationMessage},
    handler::{Registry, Step, Worker, WorkerOptions},
    model::{Operator, Outcome, OutcomeKind, PauseScope, State, TaskId, WorkerFilter, WorkerHealth},
};

async fn tasks(client: &Client, count: usize) -> Vec<TaskId> {
    register_one(client, "one", json!({})).await;
    let mut tasks = Vec::new();
    for _ in 0..count {
        tasks.push(create(client, "one", json!({})).await);
    }
    tasks
}

/// A worker that runs one of four tasks and has the other three in its buffer.
async fn one_runs_three_wait(client: &Client) -> (Arc<BridgeWorker>, Vec<TaskId>, InvocationMessage) {
    let mut tasks = tasks(client, 4).await;
    let worker = bridge(client, 4).await;
    until("all are claimed", || async { worker.status().buffered == 4 }).await;
    let running = worker
        .poll(1, Duration::from_secs(5))
        .await
        .unwrap()
        .invocations
        .remove(0);
    tasks.retain(|task| *task != running.task_id);
    (worker, tasks, running)
}

fn completed(message: &InvocationMessage) -> Outcome {
    let results = RawValue::from_string("1".to_owned()).unwrap();
    let kind = OutcomeKind::Completed { results };
    Outcome {
        task_id: message.task_id,
        step_no: message.step_no,
        claim_no: message.claim_no,
        kind,
    }
}

async fn assert_released(client: &Client, task: TaskId) {
    let step = only(client, task).await;
    assert_eq!((step.status, step.attempts), (State::Pending, 0), "{step:?}");
    let (state, reason) = trail(client, task).await.pop().unwrap();
    assert_eq!((state, &reason["reason"]), (State::Pending, &json!("released")));
    assert!(client.readiness(task).await.unwrap()[0].ready_for_execution);
}

fn with_grace(seconds: f64) -> tasker_core::model::Settings {
    let mut settings = settings();
    settings.execution.shutdown_grace_seconds = seconds;
    settings
}

#[tokio::test]
async fn what_waits_goes_back_unburned_and_what_runs_finishes_within_the_grace_time() {
    let database = database().await;
    let client = client(&database, with_grace(30.0));
    let (worker, waiting, running) = one_runs_three_wait(&client).await;
    let stopping = tokio::spawn({
        let worker = Arc::clone(&worker);
        async move { worker.shutdown().await }
    });
    for task in waiting {
        until("it went back", || async {
            only(&client, task).await.status == State::Pending
        })
        .await;
        assert_released(&client, task).await;
    }
    let refused = worker.poll(1, Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::ShuttingDown);
    assert_eq!(worker.complete(vec![completed(&running)]), 1);
    stopping.await.unwrap().unwrap();
    assert_eq!(only(&client, running.task_id).await.status, State::Complete);
    let ended = WorkerFilter {
        ended: true,
        ..WorkerFilter::default()
    };
    let workers = client.list_workers(&ended).await.unwrap();
    assert_eq!(workers[0].health, WorkerHealth::Stopped);
}

#[tokio::test]
async fn what_runs_longer_than_the_grace_time_goes_back_too_and_its_late_outcome_counts_for_nothing() {
    let database = database().await;
    let client = client(&database, with_grace(0.1));
    let (worker, mut waiting, running) = one_runs_three_wait(&client).await;
    worker.shutdown().await.unwrap();
    waiting.push(running.task_id);
    for task in waiting {
        assert_released(&client, task).await;
    }
    assert_eq!(worker.complete(vec![completed(&running)]), 0);
}

#[tokio::test]
async fn stopping_twice_at_once_or_in_turn_is_fine_and_a_stopped_worker_says_so() {
    let database = database().await;
    let client = client(&database, settings());
    let worker = bridge(&client, 1).await;
    let (one, other) = tokio::join!(worker.shutdown(), worker.shutdown());
    one.unwrap();
    other.unwrap();
    worker.shutdown().await.unwrap();
    for max in [0, 1] {
        let refused = worker.poll(max, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::ShuttingDown, "poll({max})");
    }
    let refused = worker.fetch_results(TaskId::default()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::ShuttingDown);
    assert_eq!(worker.complete(Vec::new()), 0);
}

#[tokio::test]
async fn a_client_outlives_its_workers() {
    let database = database().await;
    let client = client(&database, settings());
    for _ in 0..3 {
        let tasks = tasks(&client, 3).await;
        let mut registry = Registry::new();
        registry.handler("work", |step: Step| async move {
            // A failure and a success: both wake others.
            if step.attempt() == 1 {
                Err(tasker_core::handler::HandlerError::retryable("again"))
            } else {
                Ok(())
            }
        });
        let worker = Worker::start(&client, registry, WorkerOptions::default())
            .await
            .unwrap();
        for task in tasks {
            crate::support::ended(&client, task).await;
        }
        worker.shutdown().await.unwrap();
        // Every connection of the client's pool still answers.
        let lists = (0..8).map(|_| client.named_tasks(None));
        for list in futures_util::future::join_all(lists).await {
            list.unwrap();
        }
    }
}

#[tokio::test]
async fn a_worker_dropped_without_a_word_begins_nothing_more() {
    let database = database().await;
    let mut settings = settings();
    settings.execution.lease_seconds = 2.0;
    let client = client(&database, settings);
    let runs = Arc::<std::sync::atomic::AtomicUsize>::default();
    let counted = Arc::clone(&runs);
    let mut registry = Registry::new();
    registry.handler("work", move |_: Step| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { Ok(()) }
    });
    let worker = Worker::start(&client, registry, WorkerOptions::default())
        .await
        .unwrap();
    let before = tasks(&client, 1).await[0];
    crate::support::ended(&client, before).await;
    drop(worker);
    create(&client, "one", json!({})).await;
    // A claim that was on its way may still have taken it: then it comes back with the lease.
    let other = bridge(&client, 1).await;
    until("another worker has it", || async { other.status().buffered == 1 }).await;
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 1);
    other.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_pause_takes_what_waits_out_of_the_buffer_and_what_runs_goes_on() {
    let database = database().await;
    let (client, there) = (client(&database, settings()), client(&database, settings()));
    let (worker, waiting, running) = one_runs_three_wait(&client).await;
    for (task, by) in [
        (waiting[0], &client),
        (waiting[1], &there),
        (running.task_id, &client),
    ] {
        by.pause(&PauseScope::Task(task), &Operator::named("a test"))
            .await
            .unwrap();
    }
    for task in &waiting[..2] {
        until("it went back", || async {
            only(&client, *task).await.status == State::Pending
        })
        .await;
        let step = only(&client, *task).await;
        assert_eq!((step.attempts, step.paused), (0, true));
    }
    assert_eq!(worker.complete(vec![completed(&running)]), 1);
    until("what ran is complete", || async {
        only(&client, running.task_id).await.status == State::Complete
    })
    .await;
    client
        .resume(&PauseScope::Task(waiting[0]), &Operator::named("a test"))
        .await
        .unwrap();
    until("it is back", || async {
        only(&client, waiting[0]).await.status == State::InProgress
    })
    .await;
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_waits_for_cancellations_hears_that_the_worker_has_stopped() {
    let database = database().await;
    let client = client(&database, settings());
    let worker = bridge(&client, 1).await;
    let both = async { tokio::join!(worker.poll(0, PATIENCE * 10), worker.shutdown()) };
    let (polled, stopped) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert!(polled.unwrap().cancelled.is_empty());
    stopped.unwrap();
}
