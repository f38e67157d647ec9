//! Workflows, clients and workers for the tests of this binary.

use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tasker_core::{
    Client, ClientOptions,
    bridge::BridgeWorker,
    handler::{Registry, Worker, WorkerOptions},
    model::{Settings, State, Step, StepSelector, Task, TaskId, TaskRequest},
    template::{CompiledTemplate, ParseOptions, Template},
};
use tasker_tests::TestDatabase;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A migrated database of the test's own.
pub(crate) async fn database() -> TestDatabase {
    TestDatabase::prepared(&migrations_digest(), |url| async move {
        let client = Client::new(ClientOptions {
            database_url: Some(url),
            ..ClientOptions::default()
        })?;
        client.migrate().await?;
        client.close().await;
        Ok(())
    })
    .await
    .unwrap()
}

fn migrations_digest() -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for migration in tasker_migrations::MIGRATIONS {
        hash.update(migration.sql);
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn client(database: &TestDatabase, settings: Settings) -> Client {
    let url = Some(database.url().to_owned());
    Client::new(ClientOptions {
        database_url: url,
        settings,
        ..ClientOptions::default()
    })
    .unwrap()
}

/// Settings for tests: retries at once.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.backoff.default_backoff_seconds = vec![0.0];
    settings.backoff.jitter_enabled = false;
    settings
}

/// A template of steps `name: parents`, all handled by `work`.
pub(crate) fn template(name: &str, steps: &[(&str, &[&str])]) -> CompiledTemplate {
    let steps: Vec<Value> = steps
        .iter()
        .map(|(step, parents)| json!({"name": step, "handler": "work", "depends_on_steps": parents}))
        .collect();
    Template::from_json(
        &json!({"name": name, "version": "1.0.0", "step_templates": steps}),
        &ParseOptions::default(),
    )
    .unwrap()
}

pub(crate) async fn create(client: &Client, name: &str, context: Value) -> TaskId {
    let request = TaskRequest {
        context: context.as_object().unwrap().clone(),
        ..TaskRequest::new(name)
    };
    client.create_task(&request).await.unwrap().task_id
}

pub(crate) async fn ended(client: &Client, task: TaskId) -> Task {
    client
        .wait(task, &[State::Complete, State::Error], PATIENCE)
        .await
        .unwrap()
}

pub(crate) async fn worker(client: &Client, registry: Registry, concurrency: usize) -> Arc<Worker> {
    let options = WorkerOptions {
        concurrency,
        ..WorkerOptions::default()
    };
    Arc::new(Worker::start(client, registry, options).await.unwrap())
}

/// A template from its JSON; `name` and `version` are added.
pub(crate) async fn register(client: &Client, name: &str, mut body: Value) {
    body["name"] = json!(name);
    body["version"] = json!("1.0.0");
    let template = Template::from_json(&body, &ParseOptions::default()).unwrap();
    client.register_template(&template, false).await.unwrap();
}

/// Registers a task of one step with these keys, handled by `work`.
pub(crate) async fn register_one(client: &Client, name: &str, mut step: Value) {
    step["name"] = json!("only");
    if step.get("handler").is_none() {
        step["handler"] = json!("work");
    }
    register(client, name, json!({"step_templates": [step]})).await;
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !so().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "still not so after {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn only(client: &Client, task: TaskId) -> Step {
    client.steps(task).await.unwrap().remove(0)
}

/// The trail of the first step: state and the reason given with it.
pub(crate) async fn trail(client: &Client, task: TaskId) -> Vec<(State, Value)> {
    let trail = client
        .transitions(task, Some(&StepSelector::Number(1)))
        .await
        .unwrap();
    trail
        .into_iter()
        .map(|one| (one.to_state, one.metadata))
        .collect()
}

/// A worker without a language: the test polls.
pub(crate) async fn bridge(client: &Client, concurrency: usize) -> Arc<BridgeWorker> {
    let handlers = vec!["work".to_owned()];
    let options = tasker_core::worker::WorkerOptions {
        handlers,
        concurrency,
        ..Default::default()
    };
    Arc::new(BridgeWorker::start(client, options).await.unwrap())
}

/// One number out of the database.
pub(crate) async fn number(database: &TestDatabase, question: &'static str) -> i64 {
    let mut connection = database.connect().await.unwrap();
    sqlx::query_scalar(question)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
