//! Running attempts on the application's own runtime.

use super::registry::{Boxed, Ended, Registry};
use super::step::Step;
use crate::bridge::{AttemptMessage, BridgeWorker, InvocationMessage};
use crate::error::ErrorKind;
use crate::model::{Failure, Outcome, OutcomeKind};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// Polls, runs, reports, until the worker stops.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) worker: Arc<BridgeWorker>,
    pub(super) registry: Registry,
    pub(super) running: Mutex<HashMap<AttemptMessage, CancellationToken>>,
    pub(super) attempts: TaskTracker,
}

impl Runner {
    pub(super) async fn run(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.worker.concurrency()));
        loop {
            // One slot is waited for; the rest of the free ones are taken as they are.
            let Ok(first) = Arc::clone(&slots).acquire_owned().await else { return };
            let more = slots.available_permits();
            let polled = match self.worker.poll(1 + more, POLL_TIMEOUT).await {
                Ok(polled) => polled,
                Err(error) if error.kind == ErrorKind::ShuttingDown => return,
                Err(error) => {
                    tracing::error!(%error, "polling went wrong");
                    continue;
                }
            };
            self.cancel(&polled.cancelled);
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

    /// Tells handlers whose attempt is over, also while every slot is taken.
    pub(super) async fn follow_cancellations(self: Arc<Self>, stop: CancellationToken) {
        let next = || tokio::time::timeout(POLL_TIMEOUT, self.worker.cancellations());
        while stop.run_until_cancelled(next()).await.is_some() {
            self.cancel(&self.worker.cancelled());
        }
    }

    fn cancel(&self, attempts: &[AttemptMessage]) {
        if attempts.is_empty() {
            return;
        }
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in attempts {
            if let Some(token) = running.get(attempt) {
                token.cancel();
            }
        }
    }

    async fn attempt(&self, message: InvocationMessage) {
        let key = message.key();
        let token = CancellationToken::new();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token.clone());
        let ended = match self.registry.get(&message.handler) {
            Some(handler) => guarded(handler, Step::new(message, Arc::clone(&self.worker), token)).await,
            None => Err(Failure {
                message: format!("this process has no handler '{}'", message.handler),
                error_code: Some(ErrorKind::UnknownHandler.name().to_owned()),
                retryable: true,
                ..Failure::default()
            }),
        };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        let kind = match ended {
            Ok(results) => OutcomeKind::Completed { results },
            Err(failure) => OutcomeKind::Failed(failure),
        };
        self.worker.complete(vec![Outcome { task_id: key.task_id, step_no: key.step_no, claim_no: key.claim_no, kind }]);
    }
}

/// Runs a handler; a panic is a retryable failure like any other exception.
async fn guarded(handler: Boxed, step: Step) -> Ended {
    let caught = std::panic::AssertUnwindSafe(async { handler(step).await });
    match futures_util::FutureExt::catch_unwind(caught).await {
        Ok(ended) => ended,
        Err(panic) => Err(Failure {
            message: format!("the handler panicked: {}", panic_text(panic.as_ref())),
            error_class: Some("panic".to_owned()),
            retryable: true,
            ..Failure::default()
        }),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
