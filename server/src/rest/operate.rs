//! The verbs of operators, on a task and on a step. Each is one transaction, kept in the trail with who and why.

use super::WhoAndWhy;
use super::shown::{self, Part};
use super::steps::OneStep;
use super::tasks::OneTask;
use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Path};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tasker_core::model::{PauseScope, StepSelector, Task, TaskId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(cancel_task))
        .routes(routes!(retry_task))
        .routes(routes!(resolve_task))
        .routes(routes!(pause_task))
        .routes(routes!(resume_task))
        .routes(routes!(cancel_step))
        .routes(routes!(retry_step))
        .routes(routes!(resolve_step))
}

async fn shown(app: &App, task: Task) -> Result<Json<OneTask>, Refusal> {
    let task = shown::body(&app.client, task, &Part::every()).await?;
    Ok(Json(OneTask { task }))
}

/// Cancel a task and its open steps. Cancelling again changes nothing.
#[utoipa::path(post, path = "/tasks/{task_id}/cancel", tag = "tasks", operation_id = "cancel_task", security(("token" = ["tasker.task:cancel"])), request_body = Option<WhoAndWhy>,
    params(("task_id" = uuid::Uuid, Path, description = "The task.")),
    responses((status = 200, body = OneTask), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn cancel_task(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    body: Body,
) -> Result<Json<OneTask>, Refusal> {
    let operator = body.read::<WhoAndWhy>(None)?.of(&access)?;
    let task = app.client.cancel_task(task_id, &operator).await?;
    shown(&app, task).await
}

/// Retry every step of a task that failed for good.
#[utoipa::path(post, path = "/tasks/{task_id}/retry", tag = "tasks", operation_id = "retry_task", security(("token" = ["tasker.task:retry"])), request_body = Option<WhoAndWhy>,
    params(("task_id" = uuid::Uuid, Path, description = "The task.")),
    responses((status = 200, body = OneTask), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn retry_task(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    body: Body,
) -> Result<Json<OneTask>, Refusal> {
    let operator = body.read::<WhoAndWhy>(None)?.of(&access)?;
    let task = app.client.retry_task(task_id, &operator).await?;
    shown(&app, task).await
}

/// Declare a failed task done; its open steps are cancelled.
#[utoipa::path(post, path = "/tasks/{task_id}/resolve", tag = "tasks", operation_id = "resolve_task", security(("token" = ["tasker.task:resolve"])), request_body = Option<WhoAndWhy>,
    params(("task_id" = uuid::Uuid, Path, description = "The task.")),
    responses((status = 200, body = OneTask), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn resolve_task(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    body: Body,
) -> Result<Json<OneTask>, Refusal> {
    let operator = body.read::<WhoAndWhy>(None)?.of(&access)?;
    let task = app.client.resolve_task(task_id, &operator).await?;
    shown(&app, task).await
}

/// Claim nothing more of a task; what runs goes on.
#[utoipa::path(post, path = "/tasks/{task_id}/pause", tag = "tasks", operation_id = "pause_task", security(("token" = ["tasker.task:pause"])), request_body = Option<WhoAndWhy>,
    params(("task_id" = uuid::Uuid, Path, description = "The task.")),
    responses((status = 200, body = OneTask), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn pause_task(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    body: Body,
) -> Result<Json<OneTask>, Refusal> {
    let operator = body.read::<WhoAndWhy>(None)?.of(&access)?;
    app.client.pause(&PauseScope::Task(task_id), &operator).await?;
    let task = app.client.task(task_id).await?;
    shown(&app, task).await
}

/// Go on with a task that was paused.
#[utoipa::path(post, path = "/tasks/{task_id}/resume", tag = "tasks", operation_id = "resume_task", security(("token" = ["tasker.task:resume"])), request_body = Option<WhoAndWhy>,
    params(("task_id" = uuid::Uuid, Path, description = "The task.")),
    responses((status = 200, body = OneTask), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn resume_task(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    body: Body,
) -> Result<Json<OneTask>, Refusal> {
    let operator = body.read::<WhoAndWhy>(None)?.of(&access)?;
    app.client.resume(&PauseScope::Task(task_id), &operator).await?;
    let task = app.client.task(task_id).await?;
    shown(&app, task).await
}

/// Cancel a step. What waits for it is blocked for good.
#[utoipa::path(post, path = "/tasks/{task_id}/workflow_steps/{step_id}/cancel", tag = "workflow_steps", operation_id = "cancel_step", security(("token" = ["tasker.workflow_step:cancel"])),
    request_body = Option<WhoAndWhy>, params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = OneStep), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn cancel_step(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
    body: Body,
) -> Result<Json<OneStep>, Refusal> {
    let operator = body.read::<WhoAndWhy>(None)?.of(&access)?;
    let step = app
        .client
        .cancel_step(task_id, &StepSelector::parse(&step), &operator)
        .await?;
    Ok(Json(OneStep { step }))
}

/// How to retry a step.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Retry {
    /// Give back the whole budget of attempts, instead of one more.
    reset_attempts: bool,
    /// Who, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
    /// Why.
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

/// Retry a step that failed for good.
#[utoipa::path(post, path = "/tasks/{task_id}/workflow_steps/{step_id}/retry", tag = "workflow_steps", operation_id = "retry_step", security(("token" = ["tasker.workflow_step:retry"])),
    request_body = Option<Retry>, params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = OneStep), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn retry_step(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
    body: Body,
) -> Result<Json<OneStep>, Refusal> {
    let retry: Retry = body.read(None)?;
    let operator = access.operator(retry.by, retry.reason)?;
    let step = app
        .client
        .retry_step(
            task_id,
            &StepSelector::parse(&step),
            retry.reset_attempts,
            &operator,
        )
        .await?;
    Ok(Json(OneStep { step }))
}

/// What a step counts as having returned.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Resolution {
    /// What those that wait for it read; {} where nothing is given.
    results: Option<Value>,
    /// Who, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
    /// Why.
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

/// Declare a step done, with results. What waits for it goes on at once.
#[utoipa::path(post, path = "/tasks/{task_id}/workflow_steps/{step_id}/resolve", tag = "workflow_steps", operation_id = "resolve_step", security(("token" = ["tasker.workflow_step:resolve"])),
    request_body = Option<Resolution>, params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = OneStep), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn resolve_step(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
    body: Body,
) -> Result<Json<OneStep>, Refusal> {
    let resolution: Resolution = body.read(None)?;
    let operator = access.operator(resolution.by, resolution.reason)?;
    let results = resolution.results.unwrap_or_else(|| json!({}));
    let step = app
        .client
        .resolve_step(task_id, &StepSelector::parse(&step), results, &operator)
        .await?;
    Ok(Json(OneStep { step }))
}
