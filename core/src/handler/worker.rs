//! A worker for handlers in Rust.

use super::{Registry, run::Runner};
use crate::bridge::BridgeWorker;
use crate::engine::Client;
use crate::error::Result;
use crate::worker::{WorkerOptions as CoreOptions, WorkerStatus};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// How a worker for handlers in Rust runs.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// How many handlers may run at once.
    pub concurrency: usize,
    /// How many more steps may wait in the process at the most.
    pub max_buffered: usize,
    /// For people; host and process when left out.
    pub name: Option<String>,
    /// The version of the application.
    pub version: Option<String>,
    /// Whether to listen for hints, on a connection of its own.
    pub listen: bool,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        let core = CoreOptions::default();
        Self {
            concurrency: core.concurrency,
            max_buffered: core.max_buffered,
            name: None,
            version: None,
            listen: core.listen,
        }
    }
}

/// A running worker. It runs handlers on the runtime it was started on; claims, reports and heartbeats have their own.
#[derive(Debug)]
pub struct Worker {
    runner: Arc<Runner>,
}

impl Worker {
    /// Starts a worker for the handlers of a registry. Call it on a tokio runtime: the handlers run there.
    ///
    /// # Errors
    /// `ConfigInvalid` where nothing is registered; `DatabaseUnavailable`, `SchemaMismatch`.
    pub async fn start(client: &Client, registry: Registry, options: WorkerOptions) -> Result<Self> {
        let options = CoreOptions {
            handlers: registry.names(),
            concurrency: options.concurrency,
            max_buffered: options.max_buffered,
            runtime: "rust".to_owned(),
            name: options.name,
            version: options.version,
            listen: options.listen,
            task_id: None,
        };
        let worker = Arc::new(BridgeWorker::start(client, options).await?);
        let runner = Arc::new(Runner {
            worker,
            registry,
            attempts: TaskTracker::new(),
        });
        runner.attempts.spawn(Arc::clone(&runner).run());
        Ok(Self { runner })
    }

    /// What the worker does at present.
    pub fn status(&self) -> WorkerStatus {
        self.runner.worker.status()
    }

    /// Stops: nothing more is claimed, handlers may finish within `execution.shutdown_grace_seconds`, the rest goes back
    /// without counting as an attempt.
    ///
    /// # Errors
    /// `DatabaseUnavailable` where the database could not be told; the lease will tell it.
    pub async fn shutdown(&self) -> Result<()> {
        self.runner.worker.shutdown().await
    }

    /// Runs until `signal` resolves, then stops.
    ///
    /// # Errors
    /// As [`Worker::shutdown`].
    pub async fn run_until(&self, signal: impl Future<Output = ()>) -> Result<()> {
        signal.await;
        self.shutdown().await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without a shutdown: nothing more is begun, and what runs is lost to the lease when its last handler has returned.
        self.runner.worker.stop_claiming();
    }
}
