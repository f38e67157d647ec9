//! The two state machines, as tables. Everything that moves a task or a step moves it along one of these rows.

use State::{Cancelled, Complete, Error, InProgress, Pending, ResolvedManually};
use std::{fmt, str::FromStr};

/// Allowed moves of a task: from, to, the event that the move publishes.
///
/// The ancestor's table, plus `error → cancelled` (`decisions.md` 13) and `error → in_progress` by way of `pending`.
pub const TASK_TRANSITIONS: &[(State, State, &str)] = &[
    (Pending, InProgress, "task.start_requested"),
    (Pending, Cancelled, "task.cancelled"),
    (Pending, Error, "task.failed"),
    (InProgress, Pending, "task.initialize_requested"),
    (InProgress, Complete, "task.completed"),
    (InProgress, Error, "task.failed"),
    (InProgress, Cancelled, "task.cancelled"),
    (Error, Pending, "task.retry_requested"),
    (Error, ResolvedManually, "task.resolved_manually"),
    (Error, Cancelled, "task.cancelled"),
    (Complete, Cancelled, "task.cancelled"),
    (ResolvedManually, Cancelled, "task.cancelled"),
];

/// Allowed moves of a step: from, to, the event that the move publishes.
///
/// The ancestor's table, plus `error → cancelled` and `in_progress → pending` (an attempt handed back unstarted,
/// reason `released`; `decisions.md` 8 and 13).
pub const STEP_TRANSITIONS: &[(State, State, &str)] = &[
    (Pending, InProgress, "step.execution_requested"),
    (Pending, Error, "step.failed"),
    (Pending, Cancelled, "step.cancelled"),
    (Pending, ResolvedManually, "step.resolved_manually"),
    (InProgress, Pending, "step.initialize_requested"),
    (InProgress, Complete, "step.completed"),
    (InProgress, Error, "step.failed"),
    (InProgress, Cancelled, "step.cancelled"),
    (Error, Pending, "step.retry_requested"),
    (Error, ResolvedManually, "step.resolved_manually"),
    (Error, Cancelled, "step.cancelled"),
];

/// The six states that tasks and steps share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has run yet.
    Pending,
    /// A step is being executed; a task runs or can still run.
    InProgress,
    /// Done.
    Complete,
    /// Failed: for good, or until the next attempt.
    Error,
    /// Given up by an operator.
    Cancelled,
    /// Declared done by an operator.
    ResolvedManually,
}

impl State {
    /// All states, in the order of the type in SQL.
    pub const ALL: [State; 6] = [Pending, InProgress, Complete, Error, Cancelled, ResolvedManually];

    /// The name of the state, as in SQL, JSON and every language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pending => "pending",
            InProgress => "in_progress",
            Complete => "complete",
            Error => "error",
            Cancelled => "cancelled",
            ResolvedManually => "resolved_manually",
        }
    }

    /// The states that a task does not leave by itself.
    pub const ENDS: [State; 4] = [Complete, Error, Cancelled, ResolvedManually];

    /// Whether a step in this state lets its dependents run.
    pub const fn satisfies_dependents(self) -> bool {
        matches!(self, Complete | ResolvedManually)
    }

    /// Whether a task may move from this state to `to`.
    pub fn task_may_become(self, to: State) -> bool {
        TASK_TRANSITIONS.iter().any(|row| row.0 == self && row.1 == to)
    }

    /// Whether a step may move from this state to `to`.
    pub fn step_may_become(self, to: State) -> bool {
        STEP_TRANSITIONS.iter().any(|row| row.0 == self && row.1 == to)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = crate::error::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::as_str).join(", ");
                crate::error::Error::invalid_argument(format!(
                    "'{text}' is not a state; the states are {known}"
                ))
            })
    }
}
