//! What changes steps.

use super::gate::{allowed, may};
use super::inputs::{CancelStepInput, ResolveStepInput, RetryStepInput, UpdateStepInput, object};
use super::operate::{Mutated, operator};
use super::scalars::{step_text, task_id, task_text};
use super::step::{self, WorkflowStep};
use async_graphql::{Context, ID, MergedObject, Object, Result};
use serde_json::json;
use tasker_core::Client;
use tasker_core::model::{Step, StepSelector, StepUpdate, TaskId};

/// A step that was changed: its fields.
#[derive(MergedObject)]
pub(super) struct WorkflowStepPayload(WorkflowStep, Mutated);

/// Verbs on steps.
#[derive(Debug, Default)]
pub(super) struct StepVerbs;

#[Object]
impl StepVerbs {
    /// Change the limit of attempts, or the inputs, of a step that has not ended. Takes tasker.workflow_step:update.
    async fn update_step(
        &self,
        context: &Context<'_>,
        input: UpdateStepInput,
    ) -> Result<Option<WorkflowStepPayload>> {
        let (id, step, client) = asked(context, "update", &input.task_id, &input.step_id).await?;
        let inputs = input.inputs.filter(|given| !given.is_null());
        let update = StepUpdate {
            retry_limit: input.retry_limit,
            inputs: inputs.map(|given| object("inputs", Some(given))).transpose()?,
        };
        let operator = operator(context, input.by, input.reason)?;
        let changed = Box::pin(client.update_step(id, &step, &update, &operator)).await?;
        Box::pin(payload(context, changed, input.client_mutation_id)).await
    }

    /// Cancel a step. What waits for it is blocked for good. Takes tasker.workflow_step:cancel.
    async fn cancel_step(
        &self,
        context: &Context<'_>,
        input: CancelStepInput,
    ) -> Result<Option<WorkflowStepPayload>> {
        let (id, step, client) = asked(context, "cancel", &input.task_id, &input.step_id).await?;
        let operator = operator(context, input.by, input.reason)?;
        let changed = Box::pin(client.cancel_step(id, &step, &operator)).await?;
        Box::pin(payload(context, changed, input.client_mutation_id)).await
    }

    /// Retry a step that failed for good. Takes tasker.workflow_step:retry.
    async fn retry_step(
        &self,
        context: &Context<'_>,
        input: RetryStepInput,
    ) -> Result<Option<WorkflowStepPayload>> {
        let (id, step, client) = asked(context, "retry", &input.task_id, &input.step_id).await?;
        let operator = operator(context, input.by, input.reason)?;
        let changed =
            Box::pin(client.retry_step(id, &step, input.reset_attempts.unwrap_or(false), &operator)).await?;
        Box::pin(payload(context, changed, input.client_mutation_id)).await
    }

    /// Declare a step done, with results. What waits for it goes on at once. Takes tasker.workflow_step:resolve.
    async fn resolve_step(
        &self,
        context: &Context<'_>,
        input: ResolveStepInput,
    ) -> Result<Option<WorkflowStepPayload>> {
        let (id, step, client) = asked(context, "resolve", &input.task_id, &input.step_id).await?;
        let operator = operator(context, input.by, input.reason)?;
        let results = input.results.unwrap_or_else(|| json!({}));
        let changed = Box::pin(client.resolve_step(id, &step, results, &operator)).await?;
        Box::pin(payload(context, changed, input.client_mutation_id)).await
    }
}

/// The step that something is to be done to, once it may be.
async fn asked<'c>(
    context: &Context<'c>,
    action: &str,
    id: &ID,
    step: &ID,
) -> Result<(TaskId, StepSelector, &'c Client)> {
    let question = may("tasker.workflow_step", action)
        .about(step_text(step))
        .within(task_text(id));
    allowed(context, question).await?;
    Ok((
        task_id(id)?,
        StepSelector::parse(step),
        context.data_unchecked::<Client>(),
    ))
}

async fn payload(
    context: &Context<'_>,
    changed: Step,
    client_mutation_id: Option<String>,
) -> Result<Option<WorkflowStepPayload>> {
    let number = StepSelector::Number(changed.workflow_step_id);
    let step = step::find(context, changed.task_id, &number).await?;
    Ok(Some(WorkflowStepPayload(step, Mutated { client_mutation_id })))
}
