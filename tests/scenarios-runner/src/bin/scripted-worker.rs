//! The scripted worker of Rust: plays what a scenario says through the public handler API. See PROTOCOL.md.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tasker_core::handler::{Registry, Worker, WorkerOptions};
use tasker_scenarios::engine;
use tasker_scenarios::play::Stage;
use tasker_scenarios::script::{
    ENV_CONCURRENCY, ENV_DATABASE_URL, ENV_SCENARIO_DIR, ENV_WORKER_NAME, READY_DIRECTORY, SCRIPT_FILE,
    Script,
};
use tokio::signal::unix::{SignalKind, signal};

/// The name of this language in the script.
const RUNTIME: &str = "rust";

#[tokio::main]
async fn main() -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::new("info,sqlx=warn");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    end_with_the_runner();
    let mut terminate = signal(SignalKind::terminate())?;
    let directory = PathBuf::from(variable(ENV_SCENARIO_DIR)?);
    let name = variable(ENV_WORKER_NAME)?;
    let text = std::fs::read_to_string(directory.join(SCRIPT_FILE)).context("cannot read the script")?;
    let script: Script = serde_json::from_str(&text).context("the script does not read")?;
    let settings = serde_json::from_value(script.settings.clone()).context("the settings do not read")?;
    let client = engine::client(&variable(ENV_DATABASE_URL)?, settings, &name)?;
    let names = script.handler_names.get(RUNTIME).cloned().unwrap_or_default();
    let worker = Worker::start(&client, registry(names, script, &directory), options()?).await?;
    std::fs::write(directory.join(READY_DIRECTORY).join(format!("{name}.ready")), "")?;
    worker
        .run_until(async move {
            terminate.recv().await;
        })
        .await?;
    client.close().await;
    Ok(())
}

fn registry(names: Vec<String>, script: Script, directory: &Path) -> Registry {
    let stage = Arc::new(Stage::new(script, directory));
    let mut registry = Registry::new();
    for name in names {
        let stage = Arc::clone(&stage);
        registry.handler(name, move |step| {
            let stage = Arc::clone(&stage);
            async move { stage.play(step).await }
        });
    }
    registry
}

fn options() -> Result<WorkerOptions> {
    let mut options = WorkerOptions::default();
    if let Ok(text) = std::env::var(ENV_CONCURRENCY) {
        options.concurrency = text
            .parse()
            .with_context(|| format!("{ENV_CONCURRENCY} is not a number: {text}"))?;
    }
    Ok(options)
}

/// When our standard input ends the runner is gone, and nobody would ever stop us.
fn end_with_the_runner() {
    std::thread::spawn(|| {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        tasker_scenarios::play::die();
    });
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("the environment variable {name} is not set"))
}
