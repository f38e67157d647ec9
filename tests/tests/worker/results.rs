//! What handlers return, and what they read.

use crate::support::{
    client, create, database, ended, only, register, register_one, settings, template, worker,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use tasker_core::{
    Client,
    handler::{HandlerError, Registry, Step},
    model::{State, TaskRequest},
};

/// Runs one step that returns this; the step as it ended.
async fn returned<R: Serialize + Send + 'static>(
    results: impl Fn() -> R + Send + Sync + Clone + 'static,
) -> tasker_core::model::Step {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    registry.handler("work", move |_: Step| {
        let results = results();
        async move { Ok::<_, HandlerError>(results) }
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "one", json!({})).await;
    ended(&client, task).await;
    worker.shutdown().await.unwrap();
    only(&client, task).await
}

fn assert_refused(step: &tasker_core::model::Step, code: &str) {
    assert_eq!((step.status, step.attempts), (State::Error, 1), "{step:?}");
    assert_eq!(
        (&step.results["error_code"], &step.results["retryable"]),
        (&json!(code), &json!(false))
    );
}

#[tokio::test]
async fn nothing_and_null_are_stored_as_an_empty_object() {
    assert_eq!(returned(|| ()).await.results, json!({}));
    assert_eq!(returned(|| Value::Null).await.results, json!({}));
    assert_eq!(returned(|| json!({"a": null})).await.results, json!({"a": null}));
}

#[tokio::test]
async fn results_over_the_limit_are_a_permanent_failure() {
    assert_refused(&returned(|| "x".repeat(2 << 20)).await, "result_too_large");
}

#[tokio::test]
async fn results_that_are_not_json_are_a_permanent_failure() {
    assert_refused(
        &returned(|| HashMap::from([((1, 2), 3)])).await,
        "result_not_serializable",
    );
}

#[tokio::test]
async fn results_that_the_database_cannot_carry_are_a_permanent_failure_that_says_where() {
    let step = returned(|| json!({"deep": ["fine", "a\0b"]})).await;
    assert_refused(&step, "result_not_serializable");
    assert_eq!(step.results["details"]["pointer"], "/deep/1");
}

#[tokio::test]
async fn the_deepest_results_are_stored_and_read() {
    let deepest = (1..128).fold(json!([]), |inner, _| json!([inner]));
    let stored = deepest.clone();
    let step = returned(move || stored.clone()).await;
    assert_eq!((step.status, step.results), (State::Complete, deepest));
    let too_deep = (0..128).fold(json!([]), |inner, _| json!([inner]));
    assert_refused(
        &returned(move || too_deep.clone()).await,
        "result_not_serializable",
    );
}

#[tokio::test]
async fn one_bad_value_does_not_hold_up_the_others_of_its_batch() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        let number = step.context().await?["n"].as_i64().unwrap_or(0);
        Ok(if number % 10 == 3 {
            json!("a\0b")
        } else {
            json!(number)
        })
    });
    let worker = worker(&client, registry, 50).await;
    let requests: Vec<_> = (0..50)
        .map(|n| TaskRequest::new("one").with_context(json!({"n": n}).as_object().unwrap().clone()))
        .collect();
    let created = client.create_tasks(&requests).await.unwrap();
    for (n, task) in created.iter().enumerate() {
        let wanted = if n % 10 == 3 {
            State::Error
        } else {
            State::Complete
        };
        assert_eq!(ended(&client, task.task_id).await.status, wanted, "task {n}");
    }
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_large_context_is_fetched_when_the_handler_asks_for_it() {
    let database = database().await;
    let client = client(&database, settings());
    client
        .register_template(&template("chain", &[("a", &[]), ("b", &["a"])]), false)
        .await
        .unwrap();
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        let came_along = step.message().context.is_some();
        let context = step.context().await?;
        Ok(json!({"came_along": came_along, "bytes": context["big"].as_str().map(str::len)}))
    });
    let worker = worker(&client, registry, 2).await;
    // At random, so that compression does not make it small.
    let big: String = (0..100_000)
        .map(|_| char::from(rand::random_range(b'a'..=b'z')))
        .collect();
    for (big, came_along) in [("small".to_owned(), true), (big, false)] {
        let bytes = big.len();
        let task = create(&client, "chain", json!({"big": big})).await;
        assert_eq!(ended(&client, task).await.status, State::Complete);
        for step in client.steps(task).await.unwrap() {
            assert_eq!(
                step.results,
                json!({"came_along": came_along, "bytes": bytes}),
                "{}",
                step.name
            );
        }
    }
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_handler_reads_the_results_of_any_step_before_it_and_is_told_of_what_there_is_not() {
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
        if step.name() != "c" {
            return Ok(json!(step.name()));
        }
        let missing = step.results("d").await.unwrap_err();
        Ok(json!([
            step.results("a").await?,
            step.results("b").await?,
            missing.kind
        ]))
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "chain", json!({})).await;
    assert_eq!(ended(&client, task).await.status, State::Complete);
    assert_eq!(
        client.steps(task).await.unwrap()[2].results,
        json!(["a", "b", "not_found"])
    );
    worker.shutdown().await.unwrap();
}

/// A named task whose context must have a number `n`, and gets a `colour`.
async fn with_schema(client: &Client) {
    let schema = json!({"type": "object", "required": ["n"], "properties": {
        "n": {"type": "integer"}, "colour": {"type": "string", "default": "blue"}}});
    register(
        client,
        "strict",
        json!({"schema": schema, "step_templates": [
        {"name": "a", "handler": "work"}, {"name": "b", "handler": "work"},
        {"name": "c", "handler": "work", "depends_on_steps": ["a", "b"]}]}),
    )
    .await;
}

#[tokio::test]
async fn a_task_made_by_raw_sql_is_checked_at_its_first_claim() {
    let database = database().await;
    let client = client(&database, settings());
    with_schema(&client).await;
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        step.context().await.map_err(Into::into)
    });
    let worker = worker(&client, registry, 4).await;
    let mut connection = database.connect().await.unwrap();
    let mut make = async |context: &str| -> tasker_core::model::TaskId {
        sqlx::query_scalar(
            "select created_task_id from tasker.create_task('default', 'strict', context => $1::text::jsonb)",
        )
        .bind(context)
        .fetch_one(&mut connection)
        .await
        .unwrap()
    };
    let good = make(r#"{"n": 1}"#).await;
    let bad = make(r#"{"n": "one"}"#).await;
    assert_eq!(ended(&client, good).await.status, State::Complete);
    for step in client.steps(good).await.unwrap() {
        assert_eq!(step.results, json!({"n": 1, "colour": "blue"}), "{}", step.name);
    }
    assert_eq!(
        client.task(good).await.unwrap().context,
        json!({"n": 1, "colour": "blue"})
    );
    assert_eq!(ended(&client, bad).await.status, State::Error);
    let steps = client.steps(bad).await.unwrap();
    for step in &steps[..2] {
        assert_eq!(
            (&step.results["error_code"], &step.results["retryable"]),
            (&json!("invalid_context"), &json!(false))
        );
    }
    assert_eq!((steps[2].status, steps[2].attempts), (State::Pending, 0));
    assert_eq!(worker.status().running, 0);
    worker.shutdown().await.unwrap();
}
