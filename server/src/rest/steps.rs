//! The steps of a task: listing, showing, changing and cancelling them.

use super::conditional::{IfMatch, tag_of, tagged};
use super::tasks::{Cancelled, WhyBody};
use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Path};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tasker_core::model::{Step, StepSelector, StepUpdate, TaskId, Transition};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, update, replace, destroy))
        .routes(routes!(why))
        .routes(routes!(transitions))
}

/// A step alone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneStep {
    /// The step.
    pub(super) step: Step,
}

/// Steps.
#[derive(Debug, Serialize, ToSchema)]
struct ManySteps {
    /// By number.
    steps: Vec<Step>,
}

/// List the steps of a task, by number.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps", tag = "workflow_steps", operation_id = "list_steps", security(("token" = ["tasker.workflow_step:index"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task.")),
    responses((status = 200, body = ManySteps), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn list(State(app): State<App>, Path(task_id): Path<TaskId>) -> Result<Json<ManySteps>, Refusal> {
    let steps = app.client.steps(task_id).await?;
    Ok(Json(ManySteps { steps }))
}

/// Show a step, by its number or its name.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps/{step_id}", tag = "workflow_steps", operation_id = "show_step", security(("token" = ["tasker.workflow_step:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = OneStep, headers(("ETag" = String, description = "For If-Match."))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
) -> Result<Response, Refusal> {
    let step = app.client.step(task_id, &StepSelector::parse(&step)).await?;
    Ok(shown(step))
}

fn shown(step: Step) -> Response {
    let tag = tag_of(&step);
    tagged(Json(OneStep { step }).into_response(), &tag)
}

/// What to change of a step.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct StepPatch {
    /// How many attempts there may be. Raising it makes a step that is exhausted eligible again.
    retry_limit: Option<i32>,
    /// Its own input, instead of the context of the task.
    inputs: Option<Map<String, Value>>,
    /// Who, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
    /// Why; kept in the trail.
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

/// Change the limit of attempts, or the inputs, of a step that has not ended.
///
/// With `If-Match` only if the step is as it was shown with that `ETag`; else 412.
#[utoipa::path(patch, path = "/tasks/{task_id}/workflow_steps/{step_id}", tag = "workflow_steps", operation_id = "update_step", security(("token" = ["tasker.workflow_step:update"])),
    request_body = StepPatch,
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name."),
        ("If-Match" = Option<String>, Header, description = "Only if it is still so.")),
    responses((status = 200, body = OneStep, headers(("ETag" = String, description = "For If-Match."))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn update(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    change(&app, task_id, &step, &access, &headers, &body).await
}

/// As PATCH: the ancestor took both.
#[utoipa::path(put, path = "/tasks/{task_id}/workflow_steps/{step_id}", tag = "workflow_steps", operation_id = "put_step", security(("token" = ["tasker.workflow_step:update"])),
    request_body = StepPatch,
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name."),
        ("If-Match" = Option<String>, Header, description = "Only if it is still so.")),
    responses((status = 200, body = OneStep, headers(("ETag" = String, description = "For If-Match."))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn replace(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    change(&app, task_id, &step, &access, &headers, &body).await
}

async fn change(
    app: &App,
    task_id: TaskId,
    step: &str,
    access: &Access,
    headers: &HeaderMap,
    body: &Body,
) -> Result<Response, Refusal> {
    let patch: StepPatch = body.read(Some("workflow_step"))?;
    let update = StepUpdate {
        retry_limit: patch.retry_limit,
        inputs: patch.inputs,
    };
    let operator = access.operator(patch.by, patch.reason);
    let selector = StepSelector::parse(step);
    let changed = match IfMatch::read(headers)? {
        None => {
            app.client
                .update_step(task_id, &selector, &update, &operator)
                .await?
        }
        Some(wanted) => app
            .client
            .update_step_if(task_id, &selector, &update, &operator, &|held| {
                wanted.is_met(&tag_of(held))
            })
            .await?
            .ok_or_else(|| wanted.refusal(format_args!("step {step} of task {task_id}")))?,
    };
    Ok(shown(changed))
}

/// Cancel a step.
#[utoipa::path(delete, path = "/tasks/{task_id}/workflow_steps/{step_id}", tag = "workflow_steps", operation_id = "destroy_step", security(("token" = ["tasker.workflow_step:destroy"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = Cancelled), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn destroy(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
) -> Result<Json<Cancelled>, Refusal> {
    app.client
        .cancel_step(task_id, &StepSelector::parse(&step), &access.operator(None, None))
        .await?;
    Ok(Json(Cancelled { cancelled: true }))
}

/// Say why a step does not go on.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps/{step_id}/why", tag = "workflow_steps", operation_id = "why_step", security(("token" = ["tasker.workflow_step:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = WhyBody), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn why(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
) -> Result<Json<WhyBody>, Refusal> {
    let why = app.client.why(task_id, Some(&StepSelector::parse(&step))).await?;
    Ok(Json(WhyBody { why }))
}

/// What happened to a step.
#[derive(Debug, Serialize, ToSchema)]
struct Trail {
    /// Oldest first.
    transitions: Vec<Transition>,
}

/// Show everything that happened to a step, with what its attempts said.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps/{step_id}/transitions", tag = "workflow_steps", operation_id = "step_transitions", security(("token" = ["tasker.workflow_step:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = Trail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn transitions(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
) -> Result<Json<Trail>, Refusal> {
    let transitions = app
        .client
        .transitions(task_id, Some(&StepSelector::parse(&step)))
        .await?;
    Ok(Json(Trail { transitions }))
}
