//! `http-seed` fills a schema for `scripts/schemathesis`: templates, tasks that succeeded, that failed and that never begin, and stays as
//! their worker until SIGTERM, so that what is retried fails again. Prints one line of JSON when all is there:
//! `{"read": [task], "open": [task], "spare": [task], "failed": [task], "worker_id": [worker]}`, where the open ones are among those to
//! read. The database is the environment's, as the CLI's.

// It is a program: it prints.
#![allow(clippy::print_stdout)]

use anyhow::Result;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tasker_core::{
    Client, ClientOptions,
    handler::{HandlerError, Registry, Step, Worker, WorkerOptions},
    model::{State, TaskId, TaskRequest, WorkerFilter},
    template::{ParseOptions, Template},
};
use tokio::signal::unix::{SignalKind, signal};

/// How many tasks there are to be read (half of them ended well), to be used up by what cancels, and to be retried and resolved.
const READ: usize = 50;
const SPARE: usize = 400;
const FAILED: usize = 1_000;
/// How many more ended well: a system where most tasks failed is not healthy.
const BESIDE: usize = 1_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let client = Client::new(ClientOptions::from_environment(Default::default())?)?;
    for (name, last) in [
        ("succeeding", "works"),
        ("failing", "fails"),
        ("waiting", "handled_by_nobody"),
    ] {
        register(&client, name, last).await?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let worker = Worker::start(&client, registry(), WorkerOptions::default()).await?;
    let beside = create(&client, "succeeding", BESIDE).await?;
    let mut read = create(&client, "succeeding", READ / 2).await?;
    let failed = create(&client, "failing", FAILED).await?;
    for task in beside.iter().chain(&read).chain(&failed) {
        let ends = [State::Complete, State::Error];
        client.wait(*task, &ends, Duration::from_mins(2)).await?;
    }
    let open = create(&client, "waiting", READ / 2).await?;
    read.extend(&open);
    let spare = create(&client, "waiting", SPARE).await?;
    let workers = client.list_workers(&WorkerFilter::default()).await?;
    let workers: Vec<i64> = workers.iter().map(|worker| worker.worker_id).collect();
    println!(
        "{}",
        json!({"read": read, "open": open, "spare": spare, "failed": failed, "worker_id": workers})
    );
    Ok(worker
        .run_until(async move {
            terminate.recv().await;
        })
        .await?)
}

/// A template of three steps, of which this handler has the second.
async fn register(client: &Client, name: &str, handler: &str) -> Result<()> {
    let template = json!({"name": name, "namespace_name": "seed", "version": "1.0.0", "step_templates": [
        {"name": "fetch", "handler": if handler == "fails" { "works" } else { handler }},
        {"name": "charge", "handler": handler, "depends_on_step": "fetch"},
        {"name": "notify", "handler": handler, "depends_on_step": "charge"},
    ]});
    let template = Template::from_json(&template, &ParseOptions::default())?;
    client.register_template(&template, false).await?;
    Ok(())
}

async fn create(client: &Client, name: &str, count: usize) -> Result<Vec<TaskId>> {
    let requests: Vec<TaskRequest> = (0..count)
        .map(|number| TaskRequest {
            namespace: Some("seed".to_owned()),
            context: Map::from_iter([("number".to_owned(), Value::from(number))]),
            ..TaskRequest::new(name)
        })
        .collect();
    let created = client.create_tasks(&requests).await?;
    Ok(created.into_iter().map(|one| one.task_id).collect())
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.handler(
        "works",
        |step: Step| async move { Ok(json!({"step": step.name()})) },
    );
    registry.handler("fails", |_: Step| async {
        Err::<(), _>(HandlerError::permanent("always").code("always"))
    });
    registry
}
