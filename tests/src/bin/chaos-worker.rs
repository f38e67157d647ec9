//! A worker to be killed, stopped and continued: `chaos-worker DATABASE_URL SETTINGS_AS_JSON CONCURRENCY NAME`.
//! Ends well after SIGTERM.

use anyhow::{Context, Result, bail};
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;
use tasker_core::{
    Client, ClientOptions,
    handler::{HandlerError, Registry, Step, Worker, WorkerOptions},
};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database_url, settings, concurrency, name] = arguments.as_slice() else {
        bail!("usage: chaos-worker DATABASE_URL SETTINGS_AS_JSON CONCURRENCY NAME");
    };
    let settings = serde_json::from_str(settings).context("the settings")?;
    let client = Client::new(ClientOptions {
        database_url: Some(database_url.clone()),
        settings,
        ..ClientOptions::default()
    })?;
    let pool = PgPool::connect_lazy(database_url)?;
    let options = WorkerOptions {
        concurrency: concurrency.parse()?,
        name: Some(name.clone()),
        ..WorkerOptions::default()
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let worker = Worker::start(&client, registry(pool), options).await?;
    Ok(worker
        .run_until(async move {
            terminate.recv().await;
        })
        .await?)
}

fn registry(pool: PgPool) -> Registry {
    let mut registry = Registry::new();
    // Takes `ms` milliseconds of the context, and returns.
    registry.handler("plain", |step: Step| async move {
        take_time(&step).await?;
        Ok(json!({"step": step.name()}))
    });
    // As `plain`, and writes a row with the step's completion, in one transaction.
    registry.handler("effect", move |step: Step| {
        let pool = pool.clone();
        async move {
            take_time(&step).await?;
            let mut transaction = pool.begin().await?;
            sqlx::query("insert into effects (task_id, step_no) values ($1, $2)")
                .bind(step.task_id())
                .bind(step.step_no())
                .execute(&mut *transaction)
                .await?;
            step.complete_in(&mut transaction, &json!({"step": step.name()}))
                .await?;
            transaction.commit().await?;
            Ok(())
        }
    });
    // Takes its whole process down.
    registry.handler("poison", |_: Step| async { die() });
    registry
}

async fn take_time(step: &Step) -> Result<(), HandlerError> {
    let milliseconds = step.context().await?["ms"].as_u64().unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Ok(())
}

fn die() -> Result<(), HandlerError> {
    std::process::abort()
}
