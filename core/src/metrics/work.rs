//! What became of the steps and tasks of a namespace.

use super::histogram::{Counter, Histogram, Unit};
use std::time::Duration;

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The handler returned.
    Completed,
    /// The handler ended the step in its own transaction.
    CompletedElsewhere,
    /// The handler failed, and may be tried again as far as it is concerned.
    Failed,
    /// The handler failed and said that trying again is of no use.
    FailedPermanently,
    /// It took longer than it may.
    TimedOut,
    /// It was handed back without counting.
    Released,
    /// It was cancelled, or somebody else had the step meanwhile.
    Lost,
    /// It could not be begun: a bad context, or a configuration that cannot be filled in.
    Refused,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Completed,
        Self::CompletedElsewhere,
        Self::Failed,
        Self::FailedPermanently,
        Self::TimedOut,
        Self::Released,
        Self::Lost,
        Self::Refused,
    ];

    /// Its name, as a label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CompletedElsewhere => "completed_elsewhere",
            Self::Failed => "failed",
            Self::FailedPermanently => "failed_permanently",
            Self::TimedOut => "timed_out",
            Self::Released => "released",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }
}

/// What became of the steps and tasks of a namespace in this process.
#[derive(Debug)]
pub struct Work {
    outcomes: [Counter; AttemptOutcome::ALL.len()],
    /// Attempts that were not the first of their step.
    pub retries: Counter,
    /// From the instant that a step was ready to its claim.
    pub queue_latency: Histogram,
    /// From the beginning of an attempt to its outcome.
    pub attempt_duration: Histogram,
    /// From the creation of a task to its completion.
    pub task_duration: Histogram,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            outcomes: Default::default(),
            retries: Counter::default(),
            queue_latency: Histogram::new(Unit::Work),
            attempt_duration: Histogram::new(Unit::Work),
            task_duration: Histogram::new(Unit::Work),
        }
    }
}

impl Work {
    /// How many attempts came to this.
    pub fn attempts(&self, outcome: AttemptOutcome) -> u64 {
        self.outcomes[outcome as usize].get()
    }

    /// A step was claimed.
    pub(crate) fn claimed(&self, attempt: i32, waited: Duration) {
        self.queue_latency.record_duration(waited);
        if attempt > 1 {
            self.retries.increment();
        }
    }

    /// An attempt ended; `took` is none where it never began.
    pub(crate) fn ended(&self, outcome: AttemptOutcome, took: Option<Duration>) {
        self.outcomes[outcome as usize].increment();
        if let Some(took) = took {
            self.attempt_duration.record_duration(took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AttemptOutcome;

    #[test]
    fn every_outcome_has_a_place_of_its_own() {
        for (place, outcome) in AttemptOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place, "{outcome:?}");
        }
    }
}
