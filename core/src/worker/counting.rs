//! What a worker counts, for [`crate::metrics`]: atomic additions beside what happens anyway.

use super::core::Core;
use super::invocation::Invocation;
use super::ledger::{Held, Report};
use crate::error::Result;
use crate::metrics::{AttemptOutcome, ClaimSource, FlushKind, Work};
use crate::model::{ErrorCode, TaskId};
use crate::store::{FlushRow, StepDefinition};
use chrono::{DateTime, Utc};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

impl Invocation {
    /// Where to count what becomes of it.
    pub(super) fn work(&self) -> Option<&Arc<Work>> {
        self.definition.plan.work.get()
    }
}

impl Held {
    /// Counts what came of an attempt that runs.
    pub(super) fn count(&self, outcome: AttemptOutcome) {
        if let Some(work) = self.invocation.work() {
            work.ended(outcome, self.started.map(|started| started.elapsed()));
        }
    }
}

impl Report {
    /// What it is counted as.
    pub(super) fn outcome(&self) -> AttemptOutcome {
        match self {
            Self::Completed { .. } => AttemptOutcome::Completed,
            Self::Elsewhere { .. } => AttemptOutcome::CompletedElsewhere,
            Self::Released { .. } => AttemptOutcome::Released,
            Self::Failed { failure, .. }
                if failure.error_code.as_deref() == Some(ErrorCode::STEP_TIMEOUT) =>
            {
                AttemptOutcome::TimedOut
            }
            Self::Failed { failure, .. } if !failure.retryable => AttemptOutcome::FailedPermanently,
            Self::Failed { .. } => AttemptOutcome::Failed,
        }
    }
}

impl Core {
    /// Counts a flush.
    pub(super) fn flushed<T>(&self, kind: FlushKind, outcomes: usize, began: Instant, answer: &Result<T>) {
        let flushes = self.client.metrics().flushes(kind);
        flushes.ended(outcomes, began.elapsed(), answer.is_err());
    }

    /// Counts tasks that a flush completed, while their last steps are still held.
    pub(super) fn count_ended(&self, tasks: &[TaskId]) {
        if tasks.is_empty() {
            return;
        }
        let books = self.books();
        for task_id in tasks {
            if let (Some(work), Some(age)) = (books.ledger.work(*task_id), age(*task_id)) {
                work.task_duration.record_duration(age);
            }
        }
    }
}

/// Counts a step that was claimed.
pub(super) fn count_claim(
    claim: &FlushRow,
    definition: &StepDefinition,
    claimed_at: DateTime<Utc>,
    source: ClaimSource,
) {
    if let Some(work) = definition.plan.work.get() {
        work.claimed(claim.attempt, waited(claim.ready_at, claimed_at, source));
    }
}

/// How long a step was ready before it was claimed. What was readied by the call that claimed it did not wait.
fn waited(ready_at: Option<DateTime<Utc>>, claimed_at: DateTime<Utc>, source: ClaimSource) -> Duration {
    match (source, ready_at) {
        (ClaimSource::Index, Some(ready_at)) => (claimed_at - ready_at).to_std().unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

/// How long ago a task was made, by the instant in its id; none where the id carries none.
fn age(task_id: TaskId) -> Option<Duration> {
    let (seconds, nanoseconds) = task_id.get_timestamp()?.to_unix();
    let made = DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)?;
    Some((Utc::now() - made).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_what_came_from_the_index_waited_and_never_less_than_nothing() {
        let now = Utc::now();
        let before = Some(now - Duration::from_secs(3));
        assert_eq!(waited(before, now, ClaimSource::Index), Duration::from_secs(3));
        assert_eq!(waited(before, now, ClaimSource::Flush), Duration::ZERO);
        assert_eq!(waited(before, now, ClaimSource::Creation), Duration::ZERO);
        let ahead = Some(now + Duration::from_secs(3));
        assert_eq!(waited(ahead, now, ClaimSource::Index), Duration::ZERO);
        assert_eq!(waited(None, now, ClaimSource::Index), Duration::ZERO);
    }

    #[test]
    fn the_age_of_a_task_is_in_its_id() {
        assert!(age(Uuid::now_v7()).is_some());
        assert_eq!(age(Uuid::nil()), None);
    }
}
