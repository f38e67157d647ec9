//! What became of a task under test.

use crate::model::{State, Step, Task};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionOutcome {
    /// The handler returned.
    Completed,
    /// The handler failed, or the attempt was made to fail.
    Failed,
    /// The handler completed the step in a transaction of its own.
    CompletedElsewhere,
    /// The handler gave the attempt back.
    Released,
    /// The process died.
    WorkerLost,
}

/// What the database said to an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// It counts.
    Recorded,
    /// It was recorded before.
    AlreadyRecorded,
    /// The attempt was no longer held: cancelled or resolved meanwhile.
    Refused,
    /// It never got there.
    Never,
}

/// One attempt of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// The name of the step.
    pub step: String,
    /// The attempt, from 1.
    pub attempt: i32,
    /// Whether the handler ran.
    pub handler_ran: bool,
    /// What came of it.
    pub outcome: ExecutionOutcome,
    /// The message of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the database said to it.
    pub recorded: Recorded,
    /// When it was claimed, on the test's clock.
    pub began_at: DateTime<Utc>,
}

/// What became of a task under test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestReport {
    /// The task.
    pub task: Task,
    /// Its steps, by number.
    pub steps: Vec<Step>,
    /// The attempts so far, in order.
    pub executions: Vec<Execution>,
    /// The time of the test.
    pub now: DateTime<Utc>,
    /// When something of the task is ready next; none where nothing will be without an operator.
    pub next_due_at: Option<DateTime<Utc>>,
}

impl TestReport {
    /// The state of the task.
    pub fn status(&self) -> State {
        self.task.status
    }

    /// A step by its name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// How often the handler of a step was executed.
    pub fn executions_of(&self, step: &str) -> usize {
        self.executions
            .iter()
            .filter(|one| one.step == step && one.handler_ran)
            .count()
    }
}
