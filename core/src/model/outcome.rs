//! What a handler said about one attempt of one step.

use super::{StepNo, TaskId};
use serde::{Deserialize, Deserializer, Serialize};
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
#[serde(try_from = "Flat")]
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
#[derive(Debug, Clone, Serialize)]
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

/// An outcome as it stands in JSON. Read in one piece: results keep their text only where serde need not look at a tag first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    task_id: TaskId,
    step_no: StepNo,
    claim_no: i32,
    outcome: Tag,
    #[serde(default, deserialize_with = "present")]
    results: Option<Box<RawValue>>,
    message: Option<String>,
    error_class: Option<String>,
    error_code: Option<String>,
    backtrace: Option<String>,
    retryable: Option<bool>,
    retry_after: Option<f64>,
    #[serde(default)]
    details: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Completed,
    Failed,
    Released,
    CompletedElsewhere,
}

/// Keeps `null` apart from a key that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl TryFrom<Flat> for Outcome {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<Self, Self::Error> {
        let kind = match flat.outcome {
            Tag::Completed => OutcomeKind::Completed {
                results: flat
                    .results
                    .ok_or("'completed' needs 'results', which may be null")?,
            },
            Tag::Failed => OutcomeKind::Failed(Failure {
                message: flat.message.ok_or("'failed' needs a 'message'")?,
                error_class: flat.error_class,
                error_code: flat.error_code,
                backtrace: flat.backtrace,
                retryable: flat
                    .retryable
                    .ok_or("'failed' needs 'retryable': true or false")?,
                retry_after: flat.retry_after,
                details: flat.details,
            }),
            Tag::Released => OutcomeKind::Released,
            Tag::CompletedElsewhere => OutcomeKind::CompletedElsewhere,
        };
        Ok(Self {
            task_id: flat.task_id,
            step_no: flat.step_no,
            claim_no: flat.claim_no,
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn outcome(kind: &str) -> Result<Outcome, String> {
        let text = format!(
            r#"{{"task_id":"0190a0a0-0000-7000-8000-000000000000","step_no":1,"claim_no":2,{kind}}}"#
        );
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn results_keep_their_text() {
        for results in ["null", "1.0", r#"{"b":1,  "a":[18446744073709551615]}"#] {
            let read = outcome(&format!(r#""outcome":"completed","results":{results}"#)).unwrap();
            let OutcomeKind::Completed { results: kept } = read.kind else {
                panic!("{read:?}");
            };
            assert_eq!(kept.get(), results);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let failed = outcome(
            r#""outcome":"failed","message":"no","retryable":true,"retry_after":0.5,"details":{"a":1}"#,
        );
        let text = serde_json::to_string(&failed.unwrap()).unwrap();
        let again: Outcome = serde_json::from_str(&text).unwrap();
        let OutcomeKind::Failed(failure) = again.kind else {
            panic!("{again:?}");
        };
        assert_eq!(
            (failure.retry_after, failure.details["a"].as_i64()),
            (Some(0.5), Some(1))
        );
    }

    #[test]
    fn what_is_missing_or_unknown_is_told() {
        assert!(
            outcome(r#""outcome":"completed""#)
                .unwrap_err()
                .contains("'results'")
        );
        assert!(
            outcome(r#""outcome":"failed","retryable":true"#)
                .unwrap_err()
                .contains("'message'")
        );
        assert!(
            outcome(r#""outcome":"failed","message":"no" "#)
                .unwrap_err()
                .contains("'retryable'")
        );
        assert!(
            outcome(r#""outcome":"released","result":1"#)
                .unwrap_err()
                .contains("result")
        );
        assert!(outcome(r#""outcome":"lost""#).unwrap_err().contains("released"));
    }
}
