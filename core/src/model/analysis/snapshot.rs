//! A task at one time, as the analysis of its graph takes it.

use crate::model::{State, StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A task at one time.
#[derive(Debug, Clone, Deserialize)]
pub struct TaskSnapshot {
    /// Its id.
    pub task_id: TaskId,
    /// When it was looked at, by the clock of the database.
    pub taken_at: DateTime<Utc>,
    /// 0 to 100.
    pub completion_percentage: f64,
    /// `healthy`, `recovering`, `blocked` or `unknown`.
    pub health_status: String,
    /// Its steps, by number.
    pub steps: Vec<StepSnapshot>,
}

/// A step at one time: its readiness, and what waits for it.
#[derive(Debug, Clone, Deserialize)]
pub struct StepSnapshot {
    /// Its number.
    pub workflow_step_id: StepNo,
    /// Its name.
    pub name: String,
    /// Its state.
    pub current_state: State,
    /// Whether every parent is complete or resolved.
    pub dependencies_satisfied: bool,
    /// Whether it will be tried (again).
    pub retry_eligible: bool,
    /// Whether it would be claimed now.
    pub ready_for_execution: bool,
    /// From when it may be claimed again.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// Attempts so far.
    pub attempts: i32,
    /// How many there may be.
    pub retry_limit: i32,
    /// The steps that wait for it.
    pub children_ids: Vec<StepNo>,
}

impl StepSnapshot {
    /// Whether it failed, for good or until its next attempt.
    pub fn failed(&self) -> bool {
        self.current_state == State::Error
    }

    /// Whether it failed and is not tried again by itself.
    pub fn failed_for_good(&self) -> bool {
        self.failed() && !self.retry_eligible
    }

    /// Whether nothing is left of its attempts.
    pub fn exhausted(&self) -> bool {
        !self.retry_eligible && self.attempts >= self.retry_limit
    }

    /// Whether it is complete or resolved.
    pub fn done(&self) -> bool {
        self.current_state.satisfies_dependents()
    }

    /// Whether it has not ended yet, and a step before it is not done. A step that was resolved or cancelled before its turn
    /// waits for nothing any more.
    pub fn blocked(&self) -> bool {
        !self.dependencies_satisfied && !self.done() && self.current_state != State::Cancelled
    }

    /// Whether its next attempt is due later than `now`.
    pub fn in_backoff(&self, now: DateTime<Utc>) -> bool {
        !self.ready_for_execution && self.next_retry_at.is_some_and(|at| at > now)
    }
}
