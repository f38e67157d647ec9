//! Fields of tasks that lead nowhere and wait for nothing. They stand apart, for the stack: what polls a field of an object has room for
//! each of its fields, and those that lead deeper are polled inside each other.

use super::scalars::Time;
use async_graphql::Object;
use serde_json::Value;
use std::sync::Arc;
use tasker_core::model;

/// What a task is by itself.
#[derive(Debug)]
pub(super) struct TaskFields(pub(super) Arc<model::Task>);

/// What a task is by itself.
#[Object]
impl TaskFields {
    /// The id of the named task that it is an instance of.
    async fn named_task_id(&self) -> i32 {
        self.0.named_task_id
    }

    /// The name of the named task.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The namespace of the named task.
    async fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The version of the named task.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// `namespace.name@version`.
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }

    /// Whether it is complete or resolved.
    async fn complete(&self) -> bool {
        self.0.complete
    }

    /// When it was asked for.
    async fn requested_at(&self) -> Time {
        self.0.requested_at.into()
    }

    /// When its first step was claimed.
    async fn started_at(&self) -> Option<Time> {
        self.0.started_at.map(Time)
    }

    /// When it ended.
    async fn completed_at(&self) -> Option<Time> {
        self.0.completed_at.map(Time)
    }

    /// Who asked for it.
    async fn initiator(&self) -> Option<&str> {
        Some(&self.0.initiator)
    }

    /// The system that asked for it.
    async fn source_system(&self) -> Option<&str> {
        Some(&self.0.source_system)
    }

    /// Steps that were left out.
    async fn bypass_steps(&self) -> Option<&[String]> {
        Some(&self.0.bypass_steps)
    }

    /// Its input.
    async fn context(&self) -> &Value {
        &self.0.context
    }

    /// 0 (first) to 9 (last), where the request gave one.
    async fn priority(&self) -> Option<i16> {
        self.0.priority
    }

    /// Whether it is paused, by itself or by its namespace, named task or handlers.
    async fn paused(&self) -> bool {
        self.0.paused
    }

    /// Since when it is paused by itself.
    async fn paused_at(&self) -> Option<Time> {
        self.0.paused_at.map(Time)
    }

    /// Number of steps.
    async fn total_steps(&self) -> i64 {
        self.0.total_steps
    }

    /// Steps that wait.
    async fn pending_steps(&self) -> i64 {
        self.0.pending_steps
    }

    /// Steps that run.
    async fn in_progress_steps(&self) -> i64 {
        self.0.in_progress_steps
    }

    /// Steps that are complete or resolved.
    async fn completed_steps(&self) -> i64 {
        self.0.completed_steps
    }

    /// Steps that failed, for good or until the next attempt.
    async fn failed_steps(&self) -> i64 {
        self.0.failed_steps
    }

    /// Steps that could be claimed now.
    async fn ready_steps(&self) -> i64 {
        self.0.ready_steps
    }

    /// What it does: has_ready_steps, processing, blocked_by_failures, all_complete or waiting_for_dependencies.
    async fn execution_status(&self) -> &str {
        &self.0.execution_status
    }

    /// What the engine or an operator does next.
    async fn recommended_action(&self) -> &str {
        &self.0.recommended_action
    }

    /// 0 to 100.
    async fn completion_percentage(&self) -> f64 {
        self.0.completion_percentage
    }

    /// How it is: healthy, recovering, blocked or unknown.
    async fn health_status(&self) -> &str {
        &self.0.health_status
    }
}
