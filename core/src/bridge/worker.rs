//! A worker over plain messages.

use super::message::{AttemptMessage, InvocationMessage, PollMessage};
use crate::engine::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Outcome, TaskId};
use crate::worker::{Worker, WorkerOptions, WorkerStatus};
use serde_json::value::RawValue;
use sqlx::PgConnection;
use std::{collections::HashMap, time::Duration};
use tokio_util::sync::CancellationToken;

/// A worker over plain messages.
#[derive(Debug)]
pub struct BridgeWorker {
    worker: Worker,
}

impl BridgeWorker {
    /// Starts a worker.
    ///
    /// # Errors
    /// `ConfigInvalid`, `DatabaseUnavailable`, `SchemaMismatch`.
    pub async fn start(client: &Client, options: WorkerOptions) -> Result<Self> {
        Ok(Self {
            worker: Worker::start(client, options).await?,
        })
    }

    /// Up to `max` attempts to run now, and running attempts that were cancelled. Waits up to `timeout` for the first.
    ///
    /// # Errors
    /// `ShuttingDown` once the worker has been asked to stop.
    pub async fn poll(&self, max: usize, timeout: Duration) -> Result<PollMessage> {
        let waiting = self.worker.cancellations();
        if self.worker.has_stopped() {
            return Err(Error::new(ErrorKind::ShuttingDown, "the worker has stopped"));
        }
        let cancelled = self.cancelled();
        if !cancelled.is_empty() {
            return Ok(PollMessage {
                invocations: Vec::new(),
                cancelled,
            });
        }
        if max == 0 {
            let _ = tokio::time::timeout(timeout, waiting).await;
            return Ok(PollMessage {
                invocations: Vec::new(),
                cancelled: self.cancelled(),
            });
        }
        let polled = self.worker.poll(max, timeout).await?;
        let invocations = polled
            .iter()
            .map(|invocation| InvocationMessage::new(invocation))
            .collect();
        Ok(PollMessage {
            invocations,
            cancelled: self.cancelled(),
        })
    }

    /// Running attempts that were cancelled since the last call.
    pub fn cancelled(&self) -> Vec<AttemptMessage> {
        self.worker.take_cancelled().into_iter().map(Into::into).collect()
    }

    /// Waits until an attempt may have been cancelled since this was called, or the worker has stopped.
    pub fn cancellations(&self) -> impl Future<Output = ()> + Send + '_ {
        self.worker.cancellations()
    }

    /// What tells a handler in Rust that its attempt is cancelled; none when the attempt is over and done with.
    pub(crate) fn cancellation(&self, attempt: AttemptMessage) -> Option<CancellationToken> {
        self.worker.cancellation(&attempt.into())
    }

    /// Completes a step in a transaction of the handler's own. Report the attempt as `completed_elsewhere` afterwards.
    ///
    /// # Errors
    /// `AttemptLost` where the attempt is over: roll back. `InvalidArgument` where `results` cannot be stored.
    pub async fn complete_in(
        &self,
        connection: &mut PgConnection,
        attempt: AttemptMessage,
        results: &str,
    ) -> Result<()> {
        self.worker
            .complete_in(connection, &attempt.into(), results)
            .await
    }

    /// Hands out no more work and claims none, without waiting for anything.
    pub fn stop_claiming(&self) {
        self.worker.stop_claiming();
    }

    /// Reports a batch of outcomes. Returns how many of them count.
    pub fn complete(&self, outcomes: Vec<Outcome>) -> usize {
        self.worker.complete(outcomes)
    }

    /// The input of a task that was too large to come along.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn fetch_context(&self, task_id: TaskId) -> Result<Box<RawValue>> {
        let text = self.worker.fetch_context(task_id).await?;
        RawValue::from_string(text.as_ref().to_owned())
            .map_err(|error| Error::internal("a stored context is not JSON").with_source(error))
    }

    /// The results of every step of a task that ended well, by name.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn fetch_results(&self, task_id: TaskId) -> Result<HashMap<String, Box<RawValue>>> {
        let texts = self.worker.fetch_results(task_id).await?;
        texts
            .into_iter()
            .map(|(name, text)| {
                let results = RawValue::from_string(text)
                    .map_err(|error| Error::internal("stored results are not JSON").with_source(error))?;
                Ok((name, results))
            })
            .collect()
    }

    /// How many handlers may run at once.
    pub fn concurrency(&self) -> usize {
        self.worker.concurrency()
    }

    /// What the worker does at present.
    pub fn status(&self) -> WorkerStatus {
        self.worker.status()
    }

    /// Stops: nothing more is claimed, handlers may finish within the grace time, the rest goes back unburned.
    ///
    /// # Errors
    /// `DatabaseUnavailable` where the database could not be told.
    pub async fn shutdown(&self) -> Result<()> {
        self.worker.shutdown().await
    }
}
