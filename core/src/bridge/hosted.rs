//! A worker as another language holds it: JSON in, JSON out, waiting on the caller's own thread.

use super::message::AttemptMessage;
use super::process;
use super::worker::BridgeWorker;
use crate::engine::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Outcome, TaskId};
use crate::values::from_json;
use crate::worker::WorkerOptions;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// A worker as another language holds it. It belongs to the process that started it.
#[derive(Debug)]
pub struct HostedWorker {
    process_id: u32,
    worker: Arc<BridgeWorker>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostedOptions {
    handlers: Vec<String>,
    concurrency: usize,
    max_buffered: usize,
    runtime: String,
    name: Option<String>,
    version: Option<String>,
    listen: bool,
    task_id: Option<TaskId>,
}

impl Default for HostedOptions {
    fn default() -> Self {
        let core = WorkerOptions::default();
        Self {
            handlers: core.handlers,
            concurrency: core.concurrency,
            max_buffered: core.max_buffered,
            runtime: core.runtime,
            name: core.name,
            version: core.version,
            listen: core.listen,
            task_id: core.task_id,
        }
    }
}

impl HostedWorker {
    pub(super) fn start(client: &Client, options: &str) -> Result<Self> {
        let options: HostedOptions = serde_json::from_str(options).map_err(|error| {
            Error::invalid_argument(format!("the options of a worker: {error}")).with_source(error)
        })?;
        let options = WorkerOptions {
            handlers: options.handlers,
            concurrency: options.concurrency,
            max_buffered: options.max_buffered,
            runtime: options.runtime,
            name: options.name,
            version: options.version,
            listen: options.listen,
            task_id: options.task_id,
        };
        let client = client.clone();
        let worker = process::wait_for(async move { BridgeWorker::start(&client, options).await })?;
        Ok(Self {
            process_id: std::process::id(),
            worker: Arc::new(worker),
        })
    }

    /// Up to `max` attempts to run now, and running ones that were cancelled, as the text of a
    /// [`PollMessage`](super::PollMessage). Waits up to `timeout` for the first.
    ///
    /// # Errors
    /// `ShuttingDown` once the worker has been asked to stop; `ForkedProcess`.
    pub fn poll(&self, max: usize, timeout: Duration) -> Result<String> {
        process::wait_for(self.polling(max, timeout)?)
    }

    /// As [`HostedWorker::poll`]; what came of it is handed to `done`, on a thread of the engine: pass it on, and return.
    pub fn poll_then(
        &self,
        max: usize,
        timeout: Duration,
        done: impl FnOnce(Result<String>) + Send + 'static,
    ) {
        match self.polling(max, timeout) {
            Ok(polling) => process::spawn(polling, done),
            Err(error) => done(Err(error)),
        }
    }

    fn polling(
        &self,
        max: usize,
        timeout: Duration,
    ) -> Result<impl Future<Output = Result<String>> + Send + 'static> {
        let worker = Arc::clone(self.worker()?);
        Ok(async move {
            let polled = worker.poll(max, timeout).await?;
            serde_json::to_string(&polled)
                .map_err(|error| Error::internal("a poll cannot be written as JSON").with_source(error))
        })
    }

    /// Reports outcomes: the text of a JSON list. Returns how many of them count.
    ///
    /// # Errors
    /// `InvalidArgument` where this is no list of outcomes; none of them is taken then. `ForkedProcess`.
    pub fn complete(&self, outcomes: &str) -> Result<usize> {
        let worker = self.worker()?;
        let outcomes: Vec<Outcome> = from_json(outcomes)
            .map_err(|error| Error::invalid_argument(format!("outcomes: {error}")).with_source(error))?;
        Ok(worker.complete(outcomes))
    }

    /// The input of a task that was too large to come along, as JSON.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`, `ForkedProcess`.
    pub fn fetch_context(&self, task_id: &str) -> Result<String> {
        let (worker, task_id) = (Arc::clone(self.worker()?), parse_id(task_id)?);
        process::wait_for(async move { Ok(worker.fetch_context(task_id).await?.get().to_owned()) })
    }

    /// The results of every step of a task that ended well, as a JSON object by name.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `ForkedProcess`.
    pub fn fetch_results(&self, task_id: &str) -> Result<String> {
        let (worker, task_id) = (Arc::clone(self.worker()?), parse_id(task_id)?);
        process::wait_for(async move {
            let results = worker.fetch_results(task_id).await?;
            serde_json::to_string(&results)
                .map_err(|error| Error::internal("results cannot be written as JSON").with_source(error))
        })
    }

    /// Running attempts that were cancelled since the last call or poll.
    ///
    /// # Errors
    /// `ForkedProcess`.
    pub fn cancelled(&self) -> Result<Vec<AttemptMessage>> {
        Ok(self.worker()?.cancelled())
    }

    /// What the worker does at present, as JSON.
    ///
    /// # Errors
    /// `ForkedProcess`.
    pub fn status(&self) -> Result<String> {
        serde_json::to_string(&self.worker()?.status())
            .map_err(|error| Error::internal("a status cannot be written as JSON").with_source(error))
    }

    /// Hands out no more work and claims none, without waiting for anything.
    ///
    /// # Errors
    /// `ForkedProcess`.
    pub fn stop_claiming(&self) -> Result<()> {
        self.worker()?.stop_claiming();
        Ok(())
    }

    /// Stops: handlers may finish within the grace time, the rest goes back unburned. Keep reporting outcomes meanwhile, from
    /// another thread.
    ///
    /// # Errors
    /// `DatabaseUnavailable` where the database could not be told; `ForkedProcess`.
    pub fn shutdown(&self) -> Result<()> {
        let worker = Arc::clone(self.worker()?);
        process::wait_for(async move { worker.shutdown().await })
    }

    fn worker(&self) -> Result<&Arc<BridgeWorker>> {
        let here = std::process::id();
        if here == self.process_id {
            return Ok(&self.worker);
        }
        Err(Error::new(
            ErrorKind::ForkedProcess,
            format!(
                "this worker belongs to process {}, and this is process {here}, which was forked from it: start a worker here",
                self.process_id
            ),
        ))
    }
}

impl Drop for HostedWorker {
    fn drop(&mut self) {
        if std::process::id() != self.process_id {
            // What the parent holds is left alone: one more owner that never lets go.
            std::mem::forget(Arc::clone(&self.worker));
        }
    }
}

fn parse_id(text: &str) -> Result<TaskId> {
    text.parse()
        .map_err(|_| Error::invalid_argument(format!("'{text}' is not the id of a task: a UUID is expected")))
}
