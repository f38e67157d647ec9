//! Failures that a test injects.

use crate::model::Failure;
use serde::{Deserialize, Serialize};

/// When a fault strikes, seen from the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The handler does not run.
    #[default]
    Before,
    /// The handler has run; what it said is lost.
    After,
    /// What the handler said is recorded, and the answer to that is lost. Only a worker can be lost then; otherwise the
    /// same as `after`.
    Recorded,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum FaultKind {
    /// The attempt fails like this.
    Fails {
        /// What the handler would have said.
        failure: Failure,
    },
    /// The handler returns what no JSON store can keep.
    NotJson,
    /// The attempt runs into its timeout, on the test's clock.
    Timeout,
    /// The attempt takes this long on the test's clock; longer than its timeout is a timeout.
    Takes {
        /// Seconds.
        seconds: f64,
    },
    /// The process dies. When its lease is over, another one takes its steps back.
    WorkerLost,
}

/// A failure that a test injects into attempts of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The name of the step.
    pub step: String,
    /// Which attempt, from 1; every one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
    /// When it strikes.
    #[serde(default)]
    pub when: Moment,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl Fault {
    pub(super) fn strikes(&self, step: &str, attempt: i32) -> bool {
        self.step == step && self.attempt.is_none_or(|one| one == attempt)
    }

    /// Whether the handler runs in spite of it.
    pub(super) fn lets_the_handler_run(&self) -> bool {
        self.when != Moment::Before || matches!(self.kind, FaultKind::Takes { .. })
    }
}
