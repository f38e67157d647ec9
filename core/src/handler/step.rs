//! What a handler sees of its attempt.

use super::host::Host;
use crate::bridge::{AttemptMessage, InvocationMessage};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{StepNo, TaskId};
use crate::values::from_json;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use sqlx::PgConnection;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// One attempt of one step. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Step {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    message: InvocationMessage,
    host: Arc<dyn Host>,
    cancellation: CancellationToken,
    deadline: Option<Instant>,
    completed_itself: AtomicBool,
    fetched_context: OnceCell<Box<RawValue>>,
    fetched_results: OnceCell<HashMap<String, Box<RawValue>>>,
}

impl Step {
    pub(super) fn new(
        message: InvocationMessage,
        host: Arc<dyn Host>,
        cancellation: CancellationToken,
    ) -> Self {
        let deadline = message
            .timeout_seconds
            .map(|seconds| Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or_default());
        Self {
            inner: Arc::new(Inner {
                message,
                host,
                cancellation,
                deadline,
                completed_itself: AtomicBool::new(false),
                fetched_context: OnceCell::new(),
                fetched_results: OnceCell::new(),
            }),
        }
    }

    /// The task.
    pub fn task_id(&self) -> TaskId {
        self.inner.message.task_id
    }

    /// The number of the step, from 1 in template order.
    pub fn step_no(&self) -> StepNo {
        self.inner.message.step_no
    }

    /// The claim, for `complete_step` in a transaction of the handler's own.
    pub fn claim_no(&self) -> i32 {
        self.inner.message.claim_no
    }

    /// The name of the step.
    pub fn name(&self) -> &str {
        &self.inner.message.step_name
    }

    /// The name of the task.
    pub fn task_name(&self) -> &str {
        &self.inner.message.task_name
    }

    /// The namespace of the task.
    pub fn namespace(&self) -> &str {
        &self.inner.message.namespace
    }

    /// The version of the task.
    pub fn version(&self) -> &str {
        &self.inner.message.version
    }

    /// The attempt, from 1.
    pub fn attempt(&self) -> i32 {
        self.inner.message.attempt
    }

    /// Everything that came with the attempt.
    pub fn message(&self) -> &InvocationMessage {
        &self.inner.message
    }

    /// The attempt, named, as the bridge wants it.
    pub fn key(&self) -> AttemptMessage {
        self.inner.message.key()
    }

    /// The task's input. Fetched where it is over 64 KiB.
    ///
    /// # Errors
    /// `DatabaseUnavailable` where it had to be fetched and could not be.
    pub async fn context(&self) -> Result<Value> {
        self.context_as().await
    }

    /// The task's input as a type of the application.
    ///
    /// # Errors
    /// `InvalidContext` where it is not of that shape; `DatabaseUnavailable`.
    pub async fn context_as<T: DeserializeOwned>(&self) -> Result<T> {
        let raw = match &self.inner.message.context {
            Some(raw) => raw,
            None => {
                let fetch = || self.inner.host.fetch_context(self.task_id());
                self.inner.fetched_context.get_or_try_init(fetch).await?
            }
        };
        parse(raw, ErrorKind::InvalidContext, "the context")
    }

    /// What another step of the task returned: any step that has ended well, not only a direct parent.
    ///
    /// # Errors
    /// `NotFound` where there is no such step or it has not ended well; `DatabaseUnavailable`.
    pub async fn results(&self, step: &str) -> Result<Value> {
        self.results_as(step).await
    }

    /// What another step returned, as a type of the application.
    ///
    /// # Errors
    /// As [`Step::results`]; `InvalidArgument` where it is not of that shape.
    pub async fn results_as<T: DeserializeOwned>(&self, step: &str) -> Result<T> {
        let raw = match self.inner.message.dependencies.get(step) {
            Some(raw) => raw,
            None => {
                let fetch = || self.inner.host.fetch_results(self.task_id());
                let all = self.inner.fetched_results.get_or_try_init(fetch).await?;
                all.get(step).ok_or_else(|| {
                    Error::new(
                        ErrorKind::NotFound,
                        format!(
                            "the step '{step}' has no results for '{}' to read: it does not exist, or it has not ended well; \
                             depend on it to be sure",
                            self.name()
                        ),
                    )
                })?
            }
        };
        parse(
            raw,
            ErrorKind::InvalidArgument,
            &format!("what '{step}' returned"),
        )
    }

    /// The handler's configuration; `null` where it has none.
    pub fn config(&self) -> Value {
        self.inner.message.config.as_ref().map_or(Value::Null, |raw| {
            serde_json::from_str(raw.get()).unwrap_or(Value::Null)
        })
    }

    /// When the attempt is given up, where it has a timeout.
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// Completes the step in a transaction of the handler's own: what the handler writes there takes effect exactly once,
    /// with the step. Commit afterwards, and return; what the handler returns is ignored then. A transaction that is
    /// rolled back is a retryable failure.
    ///
    /// The connection must be to the engine's database.
    ///
    /// # Errors
    /// `AttemptLost` where the attempt was taken over, cancelled or resolved meanwhile: roll back, by `?` for example.
    /// `InvalidArgument` where `results` cannot be stored.
    pub async fn complete_in(&self, connection: &mut PgConnection, results: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(results).map_err(|error| {
            Error::invalid_argument(format!("the results are not JSON: {error}")).with_source(error)
        })?;
        self.inner.host.complete_in(connection, self.key(), &text).await?;
        self.inner.completed_itself.store(true, Ordering::Release);
        Ok(())
    }

    pub(super) fn has_completed_itself(&self) -> bool {
        self.inner.completed_itself.load(Ordering::Acquire)
    }

    /// Tells when the outcome of this attempt counts for nothing any more: cancelled by an operator, its deadline passed,
    /// or the claim lost. A handler that runs long should stop then; nothing stops it by force.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.inner.cancellation
    }

    /// Whether the attempt was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancellation.is_cancelled()
    }
}

fn parse<T: DeserializeOwned>(raw: &RawValue, kind: ErrorKind, what: &str) -> Result<T> {
    from_json(raw.get()).map_err(|error| {
        Error::new(
            kind,
            format!("{what} is not of the shape that the handler expects: {error}"),
        )
        .with_source(error)
    })
}
