//! The snippets of README.md, docs/guides/first-workflow.md and docs/concepts/exactly-once.md. A test compares the texts.

use super::{GREETING, database, greeting};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use std::time::Duration;
use tasker_core::handler::{HandlerError, Registry, Step, Worker, WorkerOptions};
use tasker_core::model::{Created, State, Task, TaskRequest};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};
use tasker_core::{Client, ClientOptions};

pub(super) fn template() -> anyhow::Result<CompiledTemplate> {
    Ok(Template::parse(GREETING, &ParseOptions::default())?)
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.handler("default.greet.find_name", |step: Step| async move {
        let context = step.context().await?;
        Ok::<_, HandlerError>(json!({"name": context["user"]}))
    });
    registry.handler("default.greet.write_greeting", |step: Step| async move {
        let found = step.results("find_name").await?;
        let name = found["name"].as_str().unwrap_or("you");
        Ok::<_, HandlerError>(format!("Hello, {name}!"))
    });
    registry
}

#[expect(clippy::print_stdout, reason = "the program of the guide tells how it went")]
async fn greet(options: ClientOptions, context: Map<String, Value>) -> anyhow::Result<Task> {
    let client = Client::new(options)?;
    client.migrate().await?;
    client.register_template(&template()?, false).await?;

    let worker = Worker::start(&client, registry(), WorkerOptions::default()).await?;
    let request = TaskRequest::new("greet").with_context(context);
    let created = client.create_task(&request).await?;
    let ended = [State::Complete, State::Error];
    let task = client
        .wait(created.task_id, &ended, Duration::from_secs(30))
        .await?;
    let steps = client.steps(task.task_id).await?;
    println!("{}: {}", task.status, steps[1].results);

    worker.shutdown().await?;
    client.close().await;
    Ok(task)
}

/// A task that exists if an order does.
async fn order(client: &Client, pool: &PgPool, context: Map<String, Value>) -> anyhow::Result<Created> {
    let mut transaction = pool.begin().await?;
    sqlx::query("insert into public.orders (order_id, customer) values (8, 'grace')")
        .execute(&mut *transaction)
        .await?;
    let request = TaskRequest::new("greet").with_context(context);
    let created = client.create_task_in(&mut transaction, &request).await?;
    transaction.commit().await?;
    client.wake();
    Ok(created)
}

async fn book(step: Step, pool: PgPool) -> Result<Value, HandlerError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("insert into public.bookings (task_id) values ($1)")
        .bind(step.task_id())
        .execute(&mut *transaction)
        .await?;
    step.complete_in(&mut transaction, &json!({"booked": true}))
        .await?;
    transaction.commit().await?;
    Ok(json!({}))
}

fn ada() -> Map<String, Value> {
    json!({"user": "Ada"}).as_object().unwrap().clone()
}

#[tokio::test]
async fn the_program_of_the_guide_greets() {
    let (_database, options) = database().await;
    let task = greet(options.clone(), ada()).await.unwrap();
    assert_eq!(task.status, State::Complete);
    let client = Client::new(options).unwrap();
    let steps = client.steps(task.task_id).await.unwrap();
    assert_eq!(steps[1].results, json!("Hello, Ada!"));
    client.close().await;
}

#[tokio::test]
async fn a_task_is_created_and_a_step_completed_in_the_applications_own_transactions() {
    let (database, client) = greeting().await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    for table in [
        "create table public.orders (order_id int primary key, customer text not null)",
        "create table public.bookings (task_id uuid primary key)",
    ] {
        sqlx::query(table).execute(&pool).await.unwrap();
    }
    let created = order(&client, &pool, ada()).await.unwrap();
    let mut handlers = registry();
    let own = pool.clone();
    handlers.handler("default.greet.find_name", move |step| book(step, own.clone()));
    let worker = Worker::start(&client, handlers, WorkerOptions::default())
        .await
        .unwrap();
    let ended = [State::Complete, State::Error];
    let task = client
        .wait(created.task_id, &ended, Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(task.status, State::Complete);
    let steps = client.steps(created.task_id).await.unwrap();
    assert_eq!(
        steps[0].results,
        json!({"booked": true}),
        "what the handler returned is ignored"
    );
    let booked: i64 = sqlx::query_scalar("select count(*) from public.bookings")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(booked, 1);
    worker.shutdown().await.unwrap();
    pool.close().await;
    client.close().await;
}
