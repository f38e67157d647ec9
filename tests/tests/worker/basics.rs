//! A workflow runs from end to end.

use crate::support::{client, create, database, ended, settings, template, worker};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tasker_core::{
    handler::{HandlerError, Registry, Step},
    model::State,
};

#[tokio::test]
async fn a_chain_runs_in_order_and_results_reach_the_next_step() {
    let database = database().await;
    let client = client(&database, settings());
    client
        .register_template(
            &template("chain", &[("a", &[]), ("b", &["a"]), ("c", &["b"])]),
            false,
        )
        .await
        .unwrap();
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        let seen: Value = match step.name() {
            "a" => step.context().await?["start"].clone(),
            "b" => step.results("a").await?,
            _ => step.results("a").await?,
        };
        Ok::<_, HandlerError>(json!(seen.as_i64().unwrap_or(0) + 1))
    });
    let worker = worker(&client, registry, 4).await;
    let task = create(&client, "chain", json!({"start": 40})).await;
    let task = ended(&client, task).await;
    assert_eq!(task.status, State::Complete, "{task:?}");
    let results: Vec<Value> = client
        .steps(task.task_id)
        .await
        .unwrap()
        .into_iter()
        .map(|step| step.results)
        .collect();
    assert_eq!(results, [json!(41), json!(42), json!(42)]);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_thousand_diamonds_run_every_step_once() {
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
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut registry = Registry::new();
    registry.handler("work", move |_: Step| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, HandlerError>(()) }
    });
    let worker = worker(&client, registry, 64).await;
    let requests: Vec<_> = (0..1000)
        .map(|_| tasker_core::model::TaskRequest::new("diamond"))
        .collect();
    let created = client.create_tasks(&requests).await.unwrap();
    for task in &created {
        let task = ended(&client, task.task_id).await;
        assert_eq!(task.status, State::Complete);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 4000);
    worker.shutdown().await.unwrap();
}
