//! Deadlines: an attempt that runs too long is recorded as `step_timeout` and its handler told. What does not stop keeps
//! its slot until it returns.

use super::core::Core;
use super::ledger::{Ledger, Report};
use crate::model::{ErrorCode, Failure};
use std::{sync::Arc, time::Instant};

pub(super) async fn run(core: Arc<Core>) {
    while !core.stopped.is_cancelled() {
        let next = core.end_overdue();
        let sleep = async {
            match next {
                Some(next) => tokio::time::sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => {}
            () = core.deadline_added.notified() => {}
            () = core.stopped.cancelled() => {}
        }
    }
}

impl Core {
    /// Ends what is overdue; returns the next deadline.
    fn end_overdue(&self) -> Option<Instant> {
        let mut books = self.books();
        let (overdue, next) = books.ledger.overdue(Instant::now());
        let any = !overdue.is_empty();
        for invocation in overdue {
            let seconds = invocation.timeout_seconds.unwrap_or_default();
            tracing::warn!(task_id = %invocation.task_id(), step = invocation.definition().name, seconds, "an attempt ran into its timeout");
            books.ledger.overrule(
                &invocation.key,
                Report::Failed {
                    key: invocation.key,
                    failure: Box::new(timed_out(seconds)),
                },
            );
        }
        drop(books);
        if any {
            self.outcomes_came();
            self.tell(true);
        }
        next
    }

    /// Whether every slot is taken by a handler that does not return.
    pub(super) fn stuck(&self, ledger: &Ledger) -> bool {
        ledger.abandoned() >= self.options.concurrency
    }
}

/// The failure of an attempt that took longer than it may.
pub(crate) fn timed_out(seconds: f64) -> Failure {
    Failure {
        message: format!("the attempt took longer than the {seconds} seconds it has"),
        error_code: Some(ErrorCode::STEP_TIMEOUT.to_owned()),
        retryable: true,
        ..Failure::default()
    }
}
