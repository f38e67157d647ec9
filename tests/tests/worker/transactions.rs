//! Tasks and steps in transactions of the application's own.

use crate::support::{
    client, create, database, ended, number, only, register, register_one, settings, worker,
};
use serde_json::json;
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use tasker_core::{
    ErrorKind,
    handler::{HandlerError, Registry, Step},
    model::{Operator, State, TaskRequest},
};
use tasker_tests::TestDatabase;

#[tokio::test]
async fn a_task_created_in_a_transaction_that_is_rolled_back_was_never_there() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&client, registry, 1).await;
    let mut connection = database.connect().await.unwrap();
    let request = TaskRequest::new("one");
    let mut transaction = connection.begin().await.unwrap();
    let gone = client
        .create_task_in(&mut transaction, &request)
        .await
        .unwrap()
        .task_id;
    transaction.rollback().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let kept = client
        .create_task_in(&mut transaction, &request)
        .await
        .unwrap()
        .task_id;
    transaction.commit().await.unwrap();
    client.wake();
    assert_eq!(ended(&client, kept).await.status, State::Complete);
    assert_eq!(client.task(gone).await.unwrap_err().kind, ErrorKind::NotFound);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_to_another_database_is_refused_and_its_transaction_goes_on() {
    let (ours, another) = (database().await, database().await);
    let client = client(&ours, settings());
    register_one(&client, "one", json!({})).await;
    let mut connection = another.connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let request = TaskRequest::new("one");
    let error = client
        .create_task_in(&mut transaction, &request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::ConfigInvalid, "{error}");
    assert!(error.message.contains("another database"), "{error}");
    let tasks: i64 = sqlx::query_scalar("select count(*) from tasker.tasks")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(tasks, 0);
}

async fn effects(database: &TestDatabase) -> i64 {
    number(database, "select count(*) from effects").await
}

async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query("insert into effects values (1)")
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// Runs a chain `a → b` of which `a` is completed in its own transaction; what it does after completing depends.
async fn chain(database: &TestDatabase, first: &'static str) -> Vec<tasker_core::model::Step> {
    let client = client(database, settings());
    register(
        &client,
        "chain",
        json!({"step_templates": [
        {"name": "a", "handler": "own", "default_retry_limit": 3},
        {"name": "b", "handler": "after", "depends_on_steps": ["a"]}]}),
    )
    .await;
    let mut connection = database.connect().await.unwrap();
    sqlx::query("create table effects (n int)")
        .execute(&mut connection)
        .await
        .unwrap();
    let url = database.url();
    let mut registry = Registry::new();
    registry.handler("own", move |step: Step| {
        let url = url.clone();
        async move {
            let mut connection = PgConnection::connect(&url).await?;
            let mut transaction = begin(&mut connection).await?;
            step.complete_in(&mut transaction, &json!({"from": "the transaction"}))
                .await?;
            match (first, step.attempt()) {
                ("roll back", 1) => transaction.rollback().await?,
                ("fail before the commit", 1) => {
                    transaction.rollback().await?;
                    return Err(HandlerError::retryable("changed its mind"));
                }
                ("fail after the commit", _) => {
                    transaction.commit().await?;
                    return Err(HandlerError::permanent("too late"));
                }
                _ => transaction.commit().await?,
            }
            Ok(json!("what the handler returns is ignored"))
        }
    });
    registry.handler("after", |step: Step| async move {
        step.results("a").await.map_err(Into::into)
    });
    let worker = worker(&client, registry, 2).await;
    let task = create(&client, "chain", json!({})).await;
    let ended = ended(&client, task).await;
    assert_eq!(ended.status, State::Complete, "{ended:?}");
    worker.shutdown().await.unwrap();
    let steps = client.steps(task).await.unwrap();
    assert_eq!(steps[0].results, json!({"from": "the transaction"}));
    assert_eq!(steps[1].results, json!({"from": "the transaction"}));
    assert_eq!(effects(database).await, 1, "{first}");
    assert_eq!(
        number(
            database,
            "select count(*) from tasker.workflow_step_transitions where to_state = 'complete'"
        )
        .await,
        2
    );
    steps
}

#[tokio::test]
async fn a_step_completed_in_the_handlers_transaction_takes_effect_with_it_and_what_it_returns_is_ignored() {
    assert_eq!(chain(&database().await, "commit").await[0].attempts, 1);
}

#[tokio::test]
async fn a_completion_that_was_rolled_back_is_a_retryable_failure() {
    let database = database().await;
    assert_eq!(chain(&database, "roll back").await[0].attempts, 2);
    let rolled_back = "select count(*) from tasker.workflow_step_transitions
                       where to_state = 'error' and metadata ->> 'error_code' = 'completion_rolled_back'";
    assert_eq!(number(&database, rolled_back).await, 1);
}

#[tokio::test]
async fn a_handler_that_fails_before_the_commit_failed_with_its_own_words() {
    let database = database().await;
    assert_eq!(chain(&database, "fail before the commit").await[0].attempts, 2);
    let own = "select count(*) from tasker.workflow_step_transitions where to_state = 'error' and metadata ->> 'error' = 'changed its mind'";
    assert_eq!(number(&database, own).await, 1);
}

#[tokio::test]
async fn a_handler_that_fails_after_the_commit_changes_nothing() {
    assert_eq!(
        chain(&database().await, "fail after the commit").await[0].attempts,
        1
    );
}

#[tokio::test]
async fn a_step_that_was_cancelled_meanwhile_cannot_be_completed_and_its_transaction_rolls_back() {
    let database = database().await;
    let client = client(&database, settings());
    register_one(&client, "one", json!({})).await;
    let mut connection = database.connect().await.unwrap();
    sqlx::query("create table effects (n int)")
        .execute(&mut connection)
        .await
        .unwrap();
    let (seen, mut seen_kind) = tokio::sync::mpsc::unbounded_channel();
    let (url, operator) = (database.url(), client.clone());
    let mut registry = Registry::new();
    registry.handler("work", move |step: Step| {
        let (url, operator, seen) = (url.clone(), operator.clone(), seen.clone());
        async move {
            operator
                .cancel_task(step.task_id(), &Operator::named("a test"))
                .await?;
            let mut connection = PgConnection::connect(&url).await?;
            let mut transaction = begin(&mut connection).await?;
            let refused = step.complete_in(&mut transaction, &json!({})).await.unwrap_err();
            let _ = seen.send(refused.kind);
            Err::<(), _>(refused.into())
        }
    });
    let worker = worker(&client, registry, 1).await;
    let task = create(&client, "one", json!({})).await;
    assert_eq!(seen_kind.recv().await, Some(ErrorKind::AttemptLost));
    worker.shutdown().await.unwrap();
    assert_eq!(only(&client, task).await.status, State::Cancelled);
    assert_eq!(effects(&database).await, 0);
}
