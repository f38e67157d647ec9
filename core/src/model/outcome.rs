//! What a handler said about one attempt of one step.

use super::{StepNo, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// Codes that the engine itself gives to failures; a handler's own codes are free text.
pub struct ErrorCode;

impl ErrorCode {
    /// The attempt ran longer than `timeout_seconds`. Retryable.
    pub const STEP_TIMEOUT: &'static str = "step_timeout";
    /// The process that ran the attempt died. Retryable, except for a step that may run once only.
    pub const WORKER_LOST: &'static str = "worker_lost";
    /// What the handler returned cannot be stored as JSON. Permanent.
    pub const RESULT_NOT_SERIALIZABLE: &'static str = "result_not_serializable";
    /// What the handler returned is over `execution.max_result_bytes`. Permanent.
    pub const RESULT_TOO_LARGE: &'static str = "result_too_large";
    /// The step took `execution.max_worker_losses` processes down with it. Permanent.
    pub const POISON_PILL: &'static str = "poison_pill";
    /// The task was made by raw SQL and its context breaks the schema. Permanent.
    pub const INVALID_CONTEXT: &'static str = "invalid_context";
}

/// The outcome of one attempt, as a worker reports it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// The task.
    pub task_id: TaskId,
    /// The step of the task.
    pub step_no: StepNo,
    /// The claim that the attempt was made under: the fence.
    pub claim_no: i32,
    /// What came of it.
    #[serde(flatten)]
    pub kind: OutcomeKind,
}

/// The three things that can come of an attempt, and handing it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The handler returned; `results` is JSON text exactly as it will be stored.
    Completed {
        /// JSON text.
        results: Box<RawValue>,
    },
    /// The handler failed.
    Failed(Failure),
    /// The attempt was never started; it is handed back and does not count.
    Released,
    /// The handler completed (or failed) the step itself, in its own transaction; the engine only verifies.
    CompletedElsewhere,
}

/// A failure, as a handler reports it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong, for people.
    pub message: String,
    /// The class of the error in the handler's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_class: Option<String>,
    /// A code for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtrace: Option<String>,
    /// Whether the step may be tried again.
    pub retryable: bool,
    /// When to come back, in seconds from now; capped at `max_backoff_seconds`, honoured for every handler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<f64>,
    /// Anything else worth keeping.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}
