//! What a handler may say, and what is recorded of it.

use crate::support::{
    client, create, database, ended, only, register, register_one, settings, until, worker,
};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tasker_core::{
    handler::{HandlerError, Registry, Step},
    model::{Operator, State},
};

/// Runs one step that fails this way at its first attempt, with one attempt in all; what is stored of it.
async fn stored_failure<F>(fail: F) -> Value
where
    F: Fn() -> Result<(), HandlerError> + Send + Sync + Clone + 'static,
{
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({"default_retry_limit": 1})).await;
    let mut registry = Registry::new();
    registry.handler("work", move |_: Step| {
        let fail = fail.clone();
        async move { fail() }
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "one", json!({})).await;
    assert_eq!(ended(&client, task).await.status, State::Error);
    let step = only(&client, task).await;
    worker.shutdown().await.unwrap();
    assert_eq!((step.status, step.attempts), (State::Error, 1));
    step.results
}

#[tokio::test]
async fn a_step_is_tried_as_often_as_its_limit_says_and_every_attempt_is_in_the_trail() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({"default_retry_limit": 3})).await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let mut registry = Registry::new();
    registry.handler("work", move |step: Step| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Err::<(), _>(HandlerError::retryable(format!("attempt {}", step.attempt()))) }
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "one", json!({})).await;
    assert_eq!(ended(&client, task).await.status, State::Error);
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    let errors: Vec<Value> = client
        .transitions(task, Some(&"only".into()))
        .await
        .unwrap()
        .into_iter()
        .filter(|one| one.to_state == State::Error)
        .map(|one| one.metadata["error"].clone())
        .collect();
    assert_eq!(
        errors,
        [json!("attempt 1"), json!("attempt 2"), json!("attempt 3")]
    );
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_handler_that_says_when_to_come_back_is_waited_for_and_an_operator_need_not_wait() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        match step.attempt() {
            1 => Err(HandlerError::retryable("busy").retry_after(120.0)),
            attempt => Ok(json!({"attempt": attempt})),
        }
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "one", json!({})).await;
    until("the first attempt failed", || async {
        only(&client, task).await.status == State::Error
    })
    .await;
    let step = only(&client, task).await;
    assert_eq!(step.backoff_request_seconds, Some(120.0));
    let failed_at = client
        .transitions(task, Some(&"only".into()))
        .await
        .unwrap()
        .last()
        .unwrap()
        .created_at;
    assert_eq!((step.next_retry_at.unwrap() - failed_at).num_seconds(), 120);
    client
        .retry_step(task, &"only".into(), false, &Operator::named("a test"))
        .await
        .unwrap();
    assert_eq!(ended(&client, task).await.status, State::Complete);
    assert_eq!(only(&client, task).await.results, json!({"attempt": 2}));
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_permanent_failure_is_not_tried_again_and_keeps_code_and_details() {
    let results = stored_failure(|| {
        Err(HandlerError::permanent("no such card")
            .code("CARD")
            .details(json!({"card": 4242})))
    })
    .await;
    assert_eq!(results["error"], "no such card");
    assert_eq!(results["error_code"], "CARD");
    assert_eq!(results["details"], json!({"card": 4242}));
    assert_eq!(
        (&results["retryable"], &results["attempt"]),
        (&json!(false), &json!(1))
    );
}

#[tokio::test]
async fn an_error_of_the_standard_kind_is_retryable_and_keeps_its_class() {
    let results = stored_failure(|| {
        "seven".parse::<i32>()?;
        Ok(())
    })
    .await;
    assert_eq!(results["retryable"], true);
    assert_eq!(results["error_class"], "core::num::error::ParseIntError");
    assert_eq!(results["error"], "invalid digit found in string");
}

#[tokio::test]
async fn a_panic_is_a_retryable_failure_that_says_what_the_panic_said() {
    let results = stored_failure(|| panic!("out of cheese")).await;
    assert_eq!(results["error"], "the handler panicked: out of cheese");
    assert_eq!(
        (&results["retryable"], &results["error_class"]),
        (&json!(true), &json!("panic"))
    );
}

#[tokio::test]
async fn what_a_failure_says_is_repaired_where_the_database_could_not_store_it() {
    for seconds in [f64::NAN, f64::INFINITY, -1e300, 1e300] {
        let results = stored_failure(move || {
            Err(HandlerError::retryable("a\0b")
                .retry_after(seconds)
                .class("c\0")
                .code("d\0")
                .details(json!({"k\0": ["v\0", 1e308]})))
        })
        .await;
        assert_eq!(results["error"], "a\u{fffd}b");
        assert_eq!(results["error_code"], "d\u{fffd}");
    }
}

#[tokio::test]
async fn configuration_is_filled_from_the_environment_of_the_worker_and_an_unset_variable_is_a_retryable_failure()
 {
    let database = database().await;
    let client = client(&database, settings());
    let steps = json!({"step_templates": [
        {"name": "set", "handler": "work", "handler_config": {"path": "${PATH}", "other": "${TASKER_NOT_SET:-7}"}},
        {"name": "unset", "handler": "work", "handler_config": {"key": "${TASKER_TEST_NEVER_SET}"}, "default_retry_limit": 2},
    ]});
    register(&client, "two", steps).await;
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move { Ok(step.config()) });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "two", json!({})).await;
    assert_eq!(ended(&client, task).await.status, State::Error);
    let steps = client.steps(task).await.unwrap();
    assert_eq!(
        steps[0].results,
        json!({"path": std::env::var("PATH").unwrap(), "other": "7"})
    );
    assert_eq!(
        (steps[1].attempts, &steps[1].results["error_code"]),
        (2, &json!("config_invalid"))
    );
    assert!(
        steps[1].results["error"]
            .as_str()
            .unwrap()
            .contains("TASKER_TEST_NEVER_SET"),
        "{}",
        steps[1].results
    );
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn steps_whose_handler_no_worker_has_stay_ready_and_unburned() {
    let database = database().await;
    let client = client(&database, settings());
    register(
        &client,
        "two",
        json!({"step_templates": [
        {"name": "known", "handler": "work"}, {"name": "unknown", "handler": "nobody.has.this"}]}),
    )
    .await;
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "two", json!({})).await;
    until("the known step is complete", || async {
        client.steps(task).await.unwrap()[0].status == State::Complete
    })
    .await;
    let unknown = client.steps(task).await.unwrap().remove(1);
    assert_eq!((unknown.status, unknown.attempts), (State::Pending, 0));
    assert!(client.readiness(task).await.unwrap()[1].ready_for_execution);
    worker.shutdown().await.unwrap();
}
