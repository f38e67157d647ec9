//! What changes tasks.

use super::annotation::{TaskAnnotation, annotations};
use super::gate::{allowed, gate, may};
use super::inputs::{
    AnnotateTaskInput, CancelTaskInput, CreateTaskInput, PauseTaskInput, ResolveTaskInput, ResumeTaskInput,
    RetryTaskInput, UpdateTaskInput, object,
};
use super::scalars::{task_id, task_text};
use super::task::{self, Task};
use crate::auth::Question;
use crate::problem::Refusal;
use async_graphql::{Context, MergedObject, Object, Result, SimpleObject};
use serde_json::Value;
use tasker_core::model::{self, Operator, PauseScope, TaskId, TaskRequest, TaskUpdate};
use tasker_core::{Client, ErrorKind};

/// What every mutation gives back besides.
#[derive(Debug, SimpleObject)]
pub(super) struct Mutated {
    /// As it was given.
    pub(super) client_mutation_id: Option<String>,
}

/// Whether a request was new.
#[derive(Debug, SimpleObject)]
struct Creation {
    /// Whether this request made the task; false where an earlier one did. Null where no task was asked for.
    created: Option<bool>,
}

/// A task that was changed: its fields.
#[derive(MergedObject)]
pub(super) struct TaskPayload(Task, Creation, Mutated);

/// An annotation that was made: its fields.
#[derive(MergedObject)]
pub(super) struct TaskAnnotationPayload(TaskAnnotation, Mutated);

/// The trace that a request belongs to: W3C trace context.
#[derive(Debug)]
pub(super) struct Trace(pub(super) Option<String>);

/// Verbs on tasks.
#[derive(Debug, Default)]
pub(super) struct TaskVerbs;

#[Object]
impl TaskVerbs {
    /// Create a task; a request that was made before gives the task that it made. Takes tasker.task:create.
    async fn create_task(
        &self,
        context: &Context<'_>,
        input: CreateTaskInput,
    ) -> Result<Option<TaskPayload>> {
        allowed(context, may("tasker.task", "create")).await?;
        let on_duplicate = input.on_duplicate.map(Value::String);
        let request = TaskRequest {
            name: input.name,
            namespace: input.namespace,
            version: input.version,
            context: object("context", input.context)?,
            initiator: input.initiator.or_else(|| gate(context).access().name()),
            source_system: input.source_system,
            reason: input.reason,
            tags: input.tags.unwrap_or_default(),
            bypass_steps: input.bypass_steps.unwrap_or_default(),
            priority: input.priority,
            requested_at: input.requested_at.map(|time| time.0),
            idempotency_key: input.idempotency_key,
            idempotency_ttl_seconds: input.idempotency_ttl_seconds,
            on_duplicate: on_duplicate
                .map(serde_json::from_value)
                .transpose()
                .map_err(|error| Refusal::new(ErrorKind::InvalidArgument, format!("onDuplicate: {error}")))?,
            traceparent: context.data_opt::<Trace>().and_then(|trace| trace.0.clone()),
            task_id: None,
        };
        let client = context.data_unchecked::<Client>();
        let created = Box::pin(client.create_task(&request)).await?;
        if created.pruned {
            Err(Refusal::new(
                ErrorKind::NotFound,
                format!(
                    "this request made task {}, which has been pruned since",
                    created.task_id
                ),
            ))?;
        }
        let found = Box::pin(client.task(created.task_id)).await?;
        payload(context, found, Some(created.created), input.client_mutation_id)
    }

    /// Change the reason, the labels or the priority of a task. Takes tasker.task:update.
    async fn update_task(
        &self,
        context: &Context<'_>,
        input: UpdateTaskInput,
    ) -> Result<Option<TaskPayload>> {
        let (id, client) = asked(context, "update", &input.task_id).await?;
        let update = TaskUpdate {
            reason: input.reason,
            tags: input.tags,
            priority: input.priority,
        };
        let operator = operator(context, input.by, None)?;
        let found = Box::pin(client.update_task(id, &update, &operator)).await?;
        payload(context, found, None, input.client_mutation_id)
    }

    /// Cancel a task and its open steps. Cancelling again changes nothing. Takes tasker.task:cancel.
    async fn cancel_task(
        &self,
        context: &Context<'_>,
        input: CancelTaskInput,
    ) -> Result<Option<TaskPayload>> {
        let (id, client) = asked(context, "cancel", &input.task_id).await?;
        let found = Box::pin(client.cancel_task(id, &operator(context, input.by, input.reason)?)).await?;
        payload(context, found, None, input.client_mutation_id)
    }

    /// Retry every step of a task that failed for good. Takes tasker.task:retry.
    async fn retry_task(&self, context: &Context<'_>, input: RetryTaskInput) -> Result<Option<TaskPayload>> {
        let (id, client) = asked(context, "retry", &input.task_id).await?;
        let found = Box::pin(client.retry_task(id, &operator(context, input.by, input.reason)?)).await?;
        payload(context, found, None, input.client_mutation_id)
    }

    /// Declare a failed task done; its open steps are cancelled. Takes tasker.task:resolve.
    async fn resolve_task(
        &self,
        context: &Context<'_>,
        input: ResolveTaskInput,
    ) -> Result<Option<TaskPayload>> {
        let (id, client) = asked(context, "resolve", &input.task_id).await?;
        let found = Box::pin(client.resolve_task(id, &operator(context, input.by, input.reason)?)).await?;
        payload(context, found, None, input.client_mutation_id)
    }

    /// Claim nothing more of a task; what runs goes on. Takes tasker.task:pause.
    async fn pause_task(&self, context: &Context<'_>, input: PauseTaskInput) -> Result<Option<TaskPayload>> {
        let (id, client) = asked(context, "pause", &input.task_id).await?;
        let operator = operator(context, input.by, input.reason)?;
        Box::pin(client.pause(&PauseScope::Task(id), &operator)).await?;
        payload(
            context,
            Box::pin(client.task(id)).await?,
            None,
            input.client_mutation_id,
        )
    }

    /// Go on with a task that was paused. Takes tasker.task:resume.
    async fn resume_task(
        &self,
        context: &Context<'_>,
        input: ResumeTaskInput,
    ) -> Result<Option<TaskPayload>> {
        let (id, client) = asked(context, "resume", &input.task_id).await?;
        let operator = operator(context, input.by, input.reason)?;
        Box::pin(client.resume(&PauseScope::Task(id), &operator)).await?;
        payload(
            context,
            Box::pin(client.task(id)).await?,
            None,
            input.client_mutation_id,
        )
    }

    /// Note something on a task, to find it by. Takes tasker.task:update.
    async fn annotate_task(
        &self,
        context: &Context<'_>,
        input: AnnotateTaskInput,
    ) -> Result<Option<TaskAnnotationPayload>> {
        let (id, client) = asked(context, "update", &input.task_id).await?;
        let operator = operator(context, input.by, input.reason)?;
        let made = client.annotate_task(id, &input.annotation_type, &input.annotation, &operator);
        let made = Box::pin(made).await?;
        let client_mutation_id = input.client_mutation_id;
        Ok(annotations(vec![made])
            .pop()
            .map(|made| TaskAnnotationPayload(made, Mutated { client_mutation_id })))
    }
}

/// The task that something is to be done to, once it may be.
async fn asked<'c>(
    context: &Context<'c>,
    action: &str,
    id: &async_graphql::ID,
) -> Result<(TaskId, &'c Client)> {
    let question: Question = may("tasker.task", action).about(task_text(id));
    allowed(context, question).await?;
    Ok((task_id(id)?, context.data_unchecked::<Client>()))
}

/// Who steps in.
pub(super) fn operator(
    context: &Context<'_>,
    by: Option<String>,
    reason: Option<String>,
) -> Result<Operator> {
    Ok(gate(context).access().operator(by, reason)?)
}

fn payload(
    context: &Context<'_>,
    found: model::Task,
    created: Option<bool>,
    client_mutation_id: Option<String>,
) -> Result<Option<TaskPayload>> {
    let task = task::task(gate(context), found)?;
    Ok(Some(TaskPayload(
        task,
        Creation { created },
        Mutated { client_mutation_id },
    )))
}
