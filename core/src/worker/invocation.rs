//! One attempt of one step, with all that its handler needs.

use crate::model::{StepNo, TaskId};
use crate::store::{StepDefinition, StepKey};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// One attempt of one step, to be run and reported by [`super::Worker::complete`].
#[derive(Debug)]
pub struct Invocation {
    pub(super) key: StepKey,
    pub(super) attempt: i32,
    pub(super) batch: i64,
    pub(super) definition: Arc<StepDefinition>,
    pub(super) context: Option<Arc<str>>,
    pub(super) inputs: Option<Arc<str>>,
    pub(super) dependencies: BTreeMap<StepNo, Arc<str>>,
    pub(super) config: Option<Arc<Value>>,
    pub(super) timeout_seconds: Option<f64>,
    pub(super) deadline: OnceLock<Instant>,
    pub(super) cancellation: CancellationToken,
}

impl Invocation {
    /// The task.
    pub fn task_id(&self) -> TaskId {
        self.key.task_id
    }

    /// The number of the step.
    pub fn step_no(&self) -> StepNo {
        self.key.step_no
    }

    /// The claim that the attempt is made under.
    pub fn claim_no(&self) -> i32 {
        self.key.claim_no
    }

    /// The attempt, from 1.
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// The step's definition: names, handler, parents.
    pub fn definition(&self) -> &StepDefinition {
        &self.definition
    }

    /// The input as JSON text: the step's own where it has some, else the context of the task. None: it is large and has
    /// to be fetched.
    pub fn context(&self) -> Option<&Arc<str>> {
        self.inputs.as_ref().or(self.context.as_ref())
    }

    /// The results of direct parents by name, as JSON text, as far as they came along (64 KiB together).
    pub fn dependencies(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        // A join of a hundred thousand steps mostly comes with nothing: it is too much.
        let parents = (!self.dependencies.is_empty()).then_some(&self.definition.parents);
        parents
            .into_iter()
            .flatten()
            .filter_map(|(number, name)| Some((name.as_str(), self.dependencies.get(number)?)))
    }

    /// The handler's configuration, `${…}` filled from this process's environment.
    pub fn config(&self) -> Option<&Arc<Value>> {
        self.config.as_ref()
    }

    /// When the attempt is given up, where it has a timeout.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    /// Tells when the attempt is cancelled, by an operator, by its deadline, or because the claim was lost.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }
}
