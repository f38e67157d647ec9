//! Attempts that are over before their handler is: deadlines, cancellations.

use crate::support::{
    PATIENCE, client, create, database, ended, only, register_one, settings, until, worker,
};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tasker_core::{
    handler::{HandlerError, Registry, Step, Worker, WorkerOptions},
    model::{Operator, State},
};
use tokio::sync::Semaphore;

/// A handler that waits for the gate whatever it is told, and counts who was told.
struct Stubborn {
    gate: Arc<Semaphore>,
    begun: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
    registry: Registry,
}

fn stubborn() -> Stubborn {
    let (gate, begun, told) = (
        Arc::new(Semaphore::new(0)),
        Arc::<AtomicUsize>::default(),
        Arc::<AtomicUsize>::default(),
    );
    let mut registry = Registry::new();
    let shared = (Arc::clone(&gate), Arc::clone(&begun), Arc::clone(&told));
    registry.handler("work", move |step: Step| {
        let (gate, begun, told) = shared.clone();
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            let cancellation = step.cancellation().clone();
            tokio::spawn(async move {
                cancellation.cancelled().await;
                told.fetch_add(1, Ordering::SeqCst);
            });
            gate.acquire()
                .await
                .map_err(|_| HandlerError::permanent("closed"))?
                .forget();
            Ok("late")
        }
    });
    Stubborn {
        gate,
        begun,
        told,
        registry,
    }
}

fn is(counter: &AtomicUsize, count: usize) -> impl Future<Output = bool> {
    std::future::ready(counter.load(Ordering::SeqCst) == count)
}

#[tokio::test]
async fn an_attempt_is_given_up_at_its_deadline_and_its_slot_stays_taken_until_the_handler_returns() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(
        &client,
        "short",
        json!({"timeout_seconds": 0.2, "default_retry_limit": 1}),
    )
    .await;
    register_one(&client, "long", json!({})).await;
    let Stubborn {
        gate,
        begun,
        told,
        registry,
    } = stubborn();
    let worker = worker(&client, registry, 1).await;
    let stuck = create(&client, "short", json!({})).await;
    assert_eq!(ended(&client, stuck).await.status, State::Error);
    let step = only(&client, stuck).await;
    assert_eq!(
        (&step.results["error_code"], &step.results["retryable"]),
        (&json!("step_timeout"), &json!(true))
    );
    until("the handler is told", || is(&told, 1)).await;
    assert_eq!((worker.status().running, worker.status().stuck), (1, 1));
    // Its only slot is stuck: it claims nothing, though it looks whenever it is woken.
    let waiting = create(&client, "long", json!({})).await;
    for _ in 0..20 {
        client.wake();
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        let step = only(&client, waiting).await;
        assert_eq!((step.status, step.attempts), (State::Pending, 0));
    }
    gate.add_permits(2);
    assert_eq!(ended(&client, waiting).await.status, State::Complete);
    assert_eq!(begun.load(Ordering::SeqCst), 2);
    assert_eq!(
        only(&client, stuck).await.results["error_code"],
        "step_timeout",
        "the late outcome counts for nothing"
    );
    assert_eq!((worker.status().running, worker.status().stuck), (0, 0));
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_timeout_is_retried_beside_the_handler_that_does_not_return() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(
        &client,
        "short",
        json!({"timeout_seconds": 0.2, "default_retry_limit": 3}),
    )
    .await;
    let Stubborn {
        gate,
        begun,
        told,
        registry,
    } = stubborn();
    let worker = worker(&client, registry, 3).await;
    let task = create(&client, "short", json!({})).await;
    assert_eq!(ended(&client, task).await.status, State::Error);
    assert_eq!(
        (begun.load(Ordering::SeqCst), only(&client, task).await.attempts),
        (3, 3)
    );
    until("every handler is told", || is(&told, 3)).await;
    assert_eq!(worker.status().stuck, 3);
    gate.add_permits(3);
    until("every slot is free", || async { worker.status().running == 0 }).await;
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_task_tells_its_handler_at_once_in_this_process_and_its_late_outcome_is_refused() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "long", json!({})).await;
    let Stubborn {
        gate,
        begun,
        told,
        registry,
    } = stubborn();
    let options = WorkerOptions {
        concurrency: 2,
        listen: false,
        ..WorkerOptions::default()
    };
    let worker = Worker::start(&client, registry, options).await.unwrap();
    let task = create(&client, "long", json!({})).await;
    until("it runs", || is(&begun, 1)).await;
    client
        .cancel_task(task, &Operator::named("a test"))
        .await
        .unwrap();
    // The comparison that every lease brings is thirty seconds away.
    until("the handler is told", || is(&told, 1)).await;
    gate.add_permits(1);
    until("the handler has returned", || async {
        worker.status().running == 0
    })
    .await;
    worker.shutdown().await.unwrap();
    let step = only(&client, task).await;
    assert_eq!(
        (step.status, client.task(task).await.unwrap().status),
        (State::Cancelled, State::Cancelled)
    );
    assert_ne!(step.results, json!("late"));
}

#[tokio::test]
async fn a_task_cancelled_by_another_process_tells_its_handler_by_notification() {
    let database = database().await;
    let (here, there) = (client(&database, settings()), client(&database, settings()));
    register_one(&here, "long", json!({})).await;
    let Stubborn {
        gate,
        begun,
        told,
        registry,
    } = stubborn();
    let worker = worker(&here, registry, 2).await;
    let task = create(&there, "long", json!({})).await;
    until("it runs", || is(&begun, 1)).await;
    let begin = std::time::Instant::now();
    there.cancel_task(task, &Operator::named("a test")).await.unwrap();
    until("the handler is told", || is(&told, 1)).await;
    assert!(
        begin.elapsed() < PATIENCE / 3,
        "by notification, not by the comparison of every lease: {:?}",
        begin.elapsed()
    );
    gate.add_permits(1);
    worker.shutdown().await.unwrap();
}
