//! Operator verbs on many tasks or steps: what is done, to which, and what became of each.

use super::{State, StepNo, StepSummary, TaskId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is done to many tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkVerb {
    /// Give up.
    Cancel,
    /// Try again what failed for good.
    Retry,
    /// Declare done.
    Resolve,
    /// Claim nothing more.
    Pause,
    /// Go on.
    Resume,
}

impl BulkVerb {
    /// The name, as SQL has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            BulkVerb::Cancel => "cancel",
            BulkVerb::Retry => "retry",
            BulkVerb::Resolve => "resolve",
            BulkVerb::Pause => "pause",
            BulkVerb::Resume => "resume",
        }
    }

    /// The states in which a task may be the verb's: others would be refused, or nothing would change.
    pub const fn states(self) -> &'static [State] {
        match self {
            BulkVerb::Cancel | BulkVerb::Pause | BulkVerb::Resume => {
                &[State::Pending, State::InProgress, State::Error]
            }
            BulkVerb::Retry | BulkVerb::Resolve => &[State::Error],
        }
    }
}

/// What became of one task of a bulk verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkOutcome {
    /// The task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// None where it was done; else why not.
    pub refusal: Option<String>,
}

impl BulkOutcome {
    /// Whether the verb was done.
    pub const fn is_done(&self) -> bool {
        self.refusal.is_none()
    }

    /// Where the next batch begins.
    pub fn cursor(outcomes: &[BulkOutcome]) -> Option<TaskId> {
        outcomes.iter().map(|outcome| outcome.task_id).min()
    }
}

/// Which steps, of all tasks, newest tasks first.
#[derive(Debug, Clone, Default)]
pub struct StepSearch {
    /// Only of tasks of this namespace.
    pub namespace: Option<String>,
    /// Only of tasks of this name.
    pub task_name: Option<String>,
    /// Only of tasks of this version.
    pub version: Option<String>,
    /// Only of tasks with all of these tags.
    pub tags: Vec<String>,
    /// Only of tasks created at or after.
    pub since: Option<DateTime<Utc>>,
    /// Only of tasks created before.
    pub created_before: Option<DateTime<Utc>>,
    /// Only of this task.
    pub task: Option<TaskId>,
    /// Only of tasks that have not ended well: pending, in progress, in error.
    pub of_open_tasks: bool,
    /// Only steps of these names; all when empty.
    pub names: Vec<String>,
    /// Only of this handler.
    pub handler: Option<String>,
    /// Only in these states; all when empty.
    pub status: Vec<State>,
    /// Only those whose last failure has this code.
    pub error_code: Option<String>,
    /// Only failed steps that wait for their next attempt, or only those that will not be tried again.
    pub waiting: Option<bool>,
    /// Only what comes after this step in the list: the cursor.
    pub after: Option<(TaskId, StepNo)>,
    /// At most this many; 20 when zero, capped at 1,000.
    pub limit: u32,
}

/// A step that was found among those of all tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundStep {
    /// Its task, as `namespace.name@version`.
    pub full_name: String,
    /// The step.
    #[serde(flatten)]
    pub step: StepSummary,
}

/// What is done to many steps.
#[derive(Debug, Clone, PartialEq)]
pub enum StepVerb {
    /// Give up.
    Cancel,
    /// Try again now.
    Retry {
        /// Whether the attempts are counted from the beginning.
        reset_attempts: bool,
    },
    /// Declare done.
    Resolve {
        /// What each step counts as having returned.
        results: Value,
    },
    /// Change the number of attempts.
    Update {
        /// How many there may be in total, from 1.
        retry_limit: i32,
    },
}

impl StepVerb {
    /// The name, as SQL has it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            StepVerb::Cancel => "cancel",
            StepVerb::Retry { .. } => "retry",
            StepVerb::Resolve { .. } => "resolve",
            StepVerb::Update { .. } => "update",
        }
    }

    /// The states in which a step may be the verb's: others would be refused, or nothing would change.
    pub const fn states(&self) -> &'static [State] {
        match self {
            StepVerb::Cancel | StepVerb::Update { .. } => &[State::Pending, State::InProgress, State::Error],
            StepVerb::Retry { .. } => &[State::Error],
            StepVerb::Resolve { .. } => &[State::Pending, State::Error],
        }
    }
}

/// What became of one step of a bulk verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepOutcome {
    /// Its task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// Its number inside the task.
    pub workflow_step_id: StepNo,
    /// None where it was done; else why not.
    pub refusal: Option<String>,
}

impl StepOutcome {
    /// Whether the verb was done.
    pub const fn is_done(&self) -> bool {
        self.refusal.is_none()
    }
}

impl StepSearch {
    /// Where the list goes on after these: the last of them in its order.
    pub fn cursor(outcomes: &[StepOutcome]) -> Option<(TaskId, StepNo)> {
        let key = |outcome: &StepOutcome| (std::cmp::Reverse(outcome.task_id), outcome.workflow_step_id);
        outcomes
            .iter()
            .max_by_key(|outcome| key(outcome))
            .map(|outcome| (outcome.task_id, outcome.workflow_step_id))
    }
}
