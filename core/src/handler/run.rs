//! Running attempts on the application's own runtime.

use super::host::Host;
use super::registry::{Boxed, Ended, Registry};
use super::step::Step;
use crate::bridge::{BridgeWorker, InvocationMessage, panic_text};
use crate::error::ErrorKind;
use crate::model::{Failure, Outcome, OutcomeKind};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// Polls, runs, reports, until the worker stops.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) worker: Arc<BridgeWorker>,
    pub(super) registry: Registry,
    pub(super) attempts: TaskTracker,
}

impl Runner {
    pub(super) async fn run(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.worker.concurrency()));
        loop {
            // One slot is waited for; the rest of the free ones are taken as they are.
            let Ok(first) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let more = slots.available_permits();
            let polled = match self.worker.poll(1 + more, POLL_TIMEOUT).await {
                Ok(polled) => polled,
                Err(error) if error.kind == ErrorKind::ShuttingDown => return,
                Err(error) => {
                    tracing::error!(%error, "polling went wrong");
                    continue;
                }
            };
            let mut first = Some(first);
            for message in polled.invocations {
                let slot = match first.take() {
                    Some(slot) => slot,
                    None => match Arc::clone(&slots).acquire_owned().await {
                        Ok(slot) => slot,
                        Err(_) => return,
                    },
                };
                let runner = Arc::clone(&self);
                self.attempts.spawn(async move {
                    runner.attempt(message).await;
                    drop(slot);
                });
            }
        }
    }

    async fn attempt(&self, message: InvocationMessage) {
        let key = message.key();
        // The worker's own token: nothing can be cancelled unnoticed between the poll and here.
        let token = self.worker.cancellation(key).unwrap_or_else(cancelled_already);
        let worker: Arc<BridgeWorker> = Arc::clone(&self.worker);
        let kind = run_attempt(&self.registry, message, worker, token).await;
        self.worker.complete(vec![Outcome {
            task_id: key.task_id,
            step_no: key.step_no,
            claim_no: key.claim_no,
            kind,
        }]);
    }
}

/// Runs one attempt by the handler that is registered for it: what came of it.
pub(crate) async fn run_attempt(
    registry: &Registry,
    message: InvocationMessage,
    host: Arc<dyn Host>,
    token: CancellationToken,
) -> OutcomeKind {
    let key = message.key();
    let mut completed_itself = false;
    let ended = match registry.get(&message.handler) {
        Some(handler) => {
            let step = Step::new(message, host, token);
            let ended = guarded(handler, step.clone()).await;
            completed_itself = step.has_completed_itself();
            ended
        }
        None => Err(Box::new(Failure {
            message: format!("this process has no handler '{}'", message.handler),
            error_code: Some(ErrorKind::UnknownHandler.name().to_owned()),
            retryable: true,
            ..Failure::default()
        })),
    };
    match ended {
        Ok(_) if completed_itself => OutcomeKind::CompletedElsewhere,
        Ok(results) => OutcomeKind::Completed { results },
        Err(failure) => {
            if completed_itself {
                // Refused where the transaction was committed: the step stays complete. Else it is what went wrong.
                tracing::warn!(task_id = %key.task_id, step = key.step_no, error = failure.message, "a handler failed after it had completed its step");
            }
            OutcomeKind::Failed(*failure)
        }
    }
}

fn cancelled_already() -> CancellationToken {
    let token = CancellationToken::new();
    token.cancel();
    token
}

/// Runs a handler; a panic is a retryable failure like any other exception.
async fn guarded(handler: Boxed, step: Step) -> Ended {
    let caught = std::panic::AssertUnwindSafe(async { handler(step).await });
    match futures_util::FutureExt::catch_unwind(caught).await {
        Ok(ended) => ended,
        Err(panic) => Err(Box::new(Failure {
            message: format!(
                "the handler panicked: {}",
                panic_text(panic.as_ref()).unwrap_or("no message")
            ),
            error_class: Some("panic".to_owned()),
            retryable: true,
            ..Failure::default()
        })),
    }
}
