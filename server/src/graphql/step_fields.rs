//! Fields of steps that lead nowhere and wait for nothing; apart as those of tasks are.

use super::scalars::Time;
use async_graphql::{ID, Object};
use serde_json::Value;
use std::sync::Arc;
use tasker_core::model::{Step, StepNo};

/// What a step is by itself.
#[derive(Debug)]
pub(super) struct StepFields(pub(super) Arc<Step>);

/// What a step is by itself.
#[Object]
impl StepFields {
    /// Its number inside the task, from 1.
    async fn workflow_step_id(&self) -> StepNo {
        self.0.workflow_step_id
    }

    /// The id of its task.
    async fn task_id(&self) -> ID {
        self.0.task_id.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The handler that runs it.
    async fn handler(&self) -> &str {
        &self.0.handler
    }

    /// The id of its named step.
    async fn named_step_id(&self) -> i32 {
        self.0.named_step_id
    }

    /// Its state: pending, in_progress, complete, error, cancelled or resolved_manually.
    async fn status(&self) -> &str {
        self.0.status.as_str()
    }

    /// Whether it may be tried more than once.
    async fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// How many attempts there may be.
    async fn retry_limit(&self) -> Option<i32> {
        Some(self.0.retry_limit)
    }

    /// Whether it is being executed.
    async fn in_process(&self) -> bool {
        self.0.in_process
    }

    /// Whether it is complete or resolved.
    async fn processed(&self) -> bool {
        self.0.processed
    }

    /// When that was.
    async fn processed_at(&self) -> Option<Time> {
        self.0.processed_at.map(Time)
    }

    /// Attempts so far, the running one included.
    async fn attempts(&self) -> Option<i32> {
        Some(self.0.attempts)
    }

    /// When the last attempt was claimed.
    async fn last_attempted_at(&self) -> Option<Time> {
        self.0.last_attempted_at.map(Time)
    }

    /// When a failed step may be claimed again; null where it will not be tried again.
    async fn next_retry_at(&self) -> Option<Time> {
        self.0.next_retry_at.map(Time)
    }

    /// The wait that the handler asked for last, in seconds.
    async fn backoff_request_seconds(&self) -> Option<f64> {
        self.0.backoff_request_seconds
    }

    /// Its own input where an operator gave one; else the context of the task.
    async fn inputs(&self) -> Option<&Value> {
        Some(&self.0.inputs)
    }

    /// What it returned, or its last failure.
    async fn results(&self) -> Option<&Value> {
        Some(&self.0.results)
    }

    /// Whether a request may leave it out.
    async fn skippable(&self) -> bool {
        self.0.skippable
    }

    /// Whether it would be claimed if it were not paused.
    async fn paused(&self) -> bool {
        self.0.paused
    }

    /// 0 (first) to 9 (last).
    async fn priority(&self) -> i16 {
        self.0.priority
    }

    /// The fence of the last claim.
    async fn claim_no(&self) -> i32 {
        self.0.claim_no
    }

    /// How many processes died while they held it.
    async fn worker_losses(&self) -> i32 {
        self.0.worker_losses
    }

    /// The numbers of the steps that it waits for.
    async fn parent_step_ids(&self) -> &[StepNo] {
        &self.0.parents_ids
    }

    /// The numbers of the steps that wait for it.
    async fn child_step_ids(&self) -> &[StepNo] {
        &self.0.children_ids
    }

    /// Whether it waits for none.
    async fn is_root_step(&self) -> bool {
        self.0.parents_ids.is_empty()
    }

    /// Whether none waits for it.
    async fn is_leaf_step(&self) -> bool {
        self.0.children_ids.is_empty()
    }

    /// How many it waits for.
    async fn parent_count(&self) -> usize {
        self.0.parents_ids.len()
    }

    /// How many wait for it.
    async fn child_count(&self) -> usize {
        self.0.children_ids.len()
    }
}
