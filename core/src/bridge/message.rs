//! What goes over the seam.

use crate::model::{StepNo, TaskId};
use crate::store::StepKey;
use crate::worker::Invocation;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// One attempt of one step, as a language gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvocationMessage {
    /// The task.
    pub task_id: TaskId,
    /// The number of the step.
    pub step_no: StepNo,
    /// The claim: goes back with the outcome.
    pub claim_no: i32,
    /// The attempt, from 1.
    pub attempt: i32,
    /// The handler that is to run it.
    pub handler: String,
    /// The name of the step.
    pub step_name: String,
    /// The namespace of the task.
    pub namespace: String,
    /// The name of the task.
    pub task_name: String,
    /// The version of the task.
    pub version: String,
    /// The input; none where it is over 64 KiB and has to be fetched.
    pub context: Option<Box<RawValue>>,
    /// Results of direct parents by name, as far as they came along (64 KiB together).
    pub dependencies: BTreeMap<String, Box<RawValue>>,
    /// Names of the direct parents.
    pub parents: Vec<String>,
    /// The handler's configuration.
    pub config: Option<Box<RawValue>>,
    /// How long the attempt may take from now, in seconds.
    pub timeout_seconds: Option<f64>,
}

/// An attempt, named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AttemptMessage {
    /// The task.
    pub task_id: TaskId,
    /// The number of the step.
    pub step_no: StepNo,
    /// The claim.
    pub claim_no: i32,
}

/// What a poll brings.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct PollMessage {
    /// Attempts to run now.
    pub invocations: Vec<InvocationMessage>,
    /// Running attempts whose outcome counts for nothing any more: tell their handlers.
    pub cancelled: Vec<AttemptMessage>,
}

impl From<StepKey> for AttemptMessage {
    fn from(key: StepKey) -> Self {
        Self {
            task_id: key.task_id,
            step_no: key.step_no,
            claim_no: key.claim_no,
        }
    }
}

impl From<AttemptMessage> for StepKey {
    fn from(attempt: AttemptMessage) -> Self {
        Self {
            task_id: attempt.task_id,
            step_no: attempt.step_no,
            claim_no: attempt.claim_no,
        }
    }
}

impl InvocationMessage {
    pub(super) fn new(invocation: &Invocation) -> Self {
        let definition = invocation.definition();
        let dependencies = invocation
            .dependencies()
            .filter_map(|(name, results)| Some((name.to_owned(), raw(results)?)))
            .collect();
        Self {
            task_id: invocation.task_id(),
            step_no: invocation.step_no(),
            claim_no: invocation.claim_no(),
            attempt: invocation.attempt(),
            handler: definition.handler.clone(),
            step_name: definition.name.clone(),
            namespace: definition.plan.namespace.clone(),
            task_name: definition.plan.task_name.clone(),
            version: definition.plan.version.clone(),
            context: invocation.context().and_then(|text| raw(text)),
            dependencies,
            parents: definition.parents.iter().map(|(_, name)| name.clone()).collect(),
            config: invocation
                .config()
                .and_then(|config| to_raw_value(config.as_ref()).ok()),
            timeout_seconds: invocation.deadline().map(|deadline| {
                deadline
                    .saturating_duration_since(std::time::Instant::now())
                    .as_secs_f64()
            }),
        }
    }

    /// The attempt, named.
    pub fn key(&self) -> AttemptMessage {
        AttemptMessage {
            task_id: self.task_id,
            step_no: self.step_no,
            claim_no: self.claim_no,
        }
    }
}

/// Text that PostgreSQL gave as JSON, or that was checked when it came in.
fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}
