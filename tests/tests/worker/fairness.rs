//! Who goes first.

use crate::support::{client, create, database, ended, register, register_one, settings, until, worker};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tasker_core::{
    handler::{HandlerError, Registry, Step},
    model::{State, TaskRequest},
};
use tokio::sync::Semaphore;

/// Handlers that note whose turn it was; the first of all waits for the gate.
fn noting() -> (Registry, Arc<Mutex<Vec<String>>>, Arc<Semaphore>) {
    let (order, gate) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Semaphore::new(0)));
    let shared = (Arc::clone(&order), Arc::clone(&gate));
    let mut registry = Registry::new();
    registry.handler("work", move |step: Step| {
        let (order, gate) = shared.clone();
        async move {
            let first = {
                let mut order = order.lock().unwrap();
                order.push(step.task_name().to_owned());
                order.len() == 1
            };
            if first {
                gate.acquire()
                    .await
                    .map_err(|_| HandlerError::permanent("closed"))?
                    .forget();
            }
            Ok(())
        }
    });
    (registry, order, gate)
}

#[tokio::test]
async fn with_one_slot_steps_run_by_priority_and_by_age_within_one() {
    let database = database().await;
    let client = client(&database, settings());
    for name in ["first", "p9", "p4", "p0"] {
        register_one(&client, name, json!({})).await;
    }
    let (registry, order, gate) = noting();
    let worker = worker(&client, registry, 1).await;
    create(&client, "first", json!({})).await;
    until("the first runs", || async { order.lock().unwrap().len() == 1 }).await;
    let mut tasks = Vec::new();
    for (name, priority) in [("p9", 9), ("p4", 4), ("p9", 9), ("p0", 0), ("p4", 4)] {
        let request = TaskRequest {
            priority: Some(priority),
            ..TaskRequest::new(name)
        };
        tasks.push(client.create_task(&request).await.unwrap().task_id);
    }
    gate.add_permits(1);
    for task in tasks {
        ended(&client, task).await;
    }
    assert_eq!(*order.lock().unwrap(), ["first", "p0", "p4", "p4", "p9", "p9"]);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_long_chain_does_not_starve_what_waits_beside_it() {
    let database = database().await;
    let client = client(&database, settings());
    let steps: Vec<Value> = (0..100)
        .map(|n| match n {
            0 => json!({"name": "s0", "handler": "work"}),
            _ => json!({"name": format!("s{n}"), "handler": "work", "depends_on_steps": [format!("s{}", n - 1)]}),
        })
        .collect();
    register(&client, "chain", json!({"step_templates": steps})).await;
    register_one(&client, "urgent", json!({"default_retry_limit": 1})).await;
    let (registry, order, gate) = noting();
    let worker = worker(&client, registry, 1).await;
    let chain = create(&client, "chain", json!({})).await;
    until("the chain runs", || async { order.lock().unwrap().len() == 1 }).await;
    let urgent = TaskRequest {
        priority: Some(0),
        ..TaskRequest::new("urgent")
    };
    let urgent = client.create_task(&urgent).await.unwrap().task_id;
    gate.add_permits(1);
    assert_eq!(ended(&client, urgent).await.status, State::Complete);
    assert_eq!(ended(&client, chain).await.status, State::Complete);
    let place = order
        .lock()
        .unwrap()
        .iter()
        .position(|name| name == "urgent")
        .unwrap();
    assert!(place <= 10, "after {place} steps of the chain");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_step_that_took_processes_down_before_runs_with_nothing_beside_it() {
    let database = database().await;
    let mut settings = settings();
    settings.execution.lease_seconds = 2.0;
    let client = client(&database, settings);
    register_one(&client, "plain", json!({})).await;
    register_one(&client, "suspect", json!({"handler": "suspect"})).await;
    let suspect = create(&client, "suspect", json!({})).await;
    let mut connection = database.connect().await.unwrap();
    sqlx::query(
        "update tasker.workflow_steps set worker_losses = 2, lane_id = tasker.sibling_lane(lane_id, null, 2) where task_id = $1",
    )
    .bind(suspect)
    .execute(&mut connection)
    .await
    .unwrap();
    let beside = Arc::new(AtomicUsize::new(0));
    let mut registry = Registry::new();
    let count = Arc::clone(&beside);
    registry.handler("work", move |_: Step| {
        let count = Arc::clone(&count);
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            count.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    });
    let (count, database_url) = (Arc::clone(&beside), database.url());
    registry.handler("suspect", move |_: Step| {
        let (count, database_url) = (Arc::clone(&count), database_url.clone());
        async move {
            // Neither in another slot nor in the buffer.
            let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&database_url).await?;
            let held: i64 =
                sqlx::query_scalar("select count(*) from tasker.workflow_steps where state = 'in_progress'")
                    .fetch_one(&mut connection)
                    .await?;
            Ok(json!([count.load(Ordering::SeqCst), held]))
        }
    });
    let requests: Vec<_> = (0..200).map(|_| TaskRequest::new("plain")).collect();
    let tasks = client.create_tasks(&requests).await.unwrap();
    let worker = worker(&client, registry, 8).await;
    assert_eq!(ended(&client, suspect).await.status, State::Complete);
    assert_eq!(client.steps(suspect).await.unwrap()[0].results, json!([0, 1]));
    for task in tasks {
        assert_eq!(ended(&client, task.task_id).await.status, State::Complete);
    }
    worker.shutdown().await.unwrap();
}
