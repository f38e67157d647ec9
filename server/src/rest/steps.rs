//! The steps of a task: listing, showing, changing and cancelling them.

use super::conditional::{IfMatch, tag_of, tagged};
use super::tasks::{Cancelled, WhyBody};
use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Params, Path, given};
use crate::page::{self, Pagination, SortOrder};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use tasker_core::model::{Listed, State, Step, StepNo, StepSelector, StepUpdate, TaskId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, update, replace, destroy))
        .routes(routes!(why))
}

/// A step alone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneStep {
    /// The step.
    pub(super) step: Step,
}

/// Which steps, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct StepQuery {
    /// Only in these states; the name may come several times.
    status: Vec<State>,
    /// Only of this handler.
    handler: Option<String>,
    /// In order of what; `workflow_step_id` unless given.
    #[param(inline)]
    sort_by: Option<StepSort>,
    /// `asc` or `desc`; `asc` unless given.
    #[param(inline)]
    sort_order: Option<SortOrder>,
    /// How many, 1 to 1,000; all unless given.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// How many to leave out before the page begins.
    offset: Option<u32>,
    /// The number of the page, from 1; instead of `offset`.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// How many, 1 to 1,000; instead of `limit`.
    #[param(minimum = 1)]
    per_page: Option<u32>,
    /// `next_cursor` of the page before, with the same filters and order.
    cursor: Option<StepNo>,
}

/// The largest page of steps.
const MOST: u32 = 1000;

/// What a list of steps is in order of.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StepSort {
    #[default]
    WorkflowStepId,
    Name,
    Status,
    Attempts,
    RetryLimit,
    LastAttemptedAt,
    ProcessedAt,
}

impl StepSort {
    fn compare(self, one: &Step, other: &Step) -> Ordering {
        match self {
            Self::WorkflowStepId => Ordering::Equal,
            Self::Name => one.name.cmp(&other.name),
            Self::Status => one.status.as_str().cmp(other.status.as_str()),
            Self::Attempts => one.attempts.cmp(&other.attempts),
            Self::RetryLimit => one.retry_limit.cmp(&other.retry_limit),
            Self::LastAttemptedAt => one.last_attempted_at.cmp(&other.last_attempted_at),
            Self::ProcessedAt => one.processed_at.cmp(&other.processed_at),
        }
        .then_with(|| one.workflow_step_id.cmp(&other.workflow_step_id))
    }
}

impl StepQuery {
    /// The page out of all that the task has.
    fn page(&self, mut steps: Vec<Step>) -> Result<ManySteps, Refusal> {
        if self.cursor.is_some() && (self.offset.is_some() || self.page.is_some()) {
            return Err(page::two_places());
        }
        let (limit, offset) = page::window(self.limit, self.offset, self.page, self.per_page, MOST)?;
        let sort = self.sort_by.unwrap_or_default();
        steps.sort_by(|one, other| sort.compare(one, other));
        if self.sort_order == Some(SortOrder::Desc) {
            steps.reverse();
        }
        // Where the page begins is known also if the one before it is no longer among those that are looked for.
        let begin = match self.cursor {
            None => 0,
            Some(cursor) => page::place(&steps, &cursor.to_string(), cursor_of)? + 1,
        };
        let total = steps.iter().filter(|step| self.wants(step)).count();
        let found = steps.into_iter().skip(begin).filter(|step| self.wants(step));
        let mut found: Vec<Step> = found.skip(offset as usize).collect();
        let size = limit.map_or(usize::MAX, |limit| limit as usize);
        let more = found.len() > size;
        found.truncate(size);
        let part = Listed {
            found,
            total: total as u64,
            more,
        };
        let (steps, pagination) = page::listed(part, false, cursor_of);
        Ok(ManySteps { steps, pagination })
    }

    fn wants(&self, step: &Step) -> bool {
        let handler = self.handler.as_ref();
        (self.status.is_empty() || self.status.contains(&step.status))
            && handler.is_none_or(|handler| *handler == step.handler)
    }
}

fn cursor_of(step: &Step) -> String {
    step.workflow_step_id.to_string()
}

/// Steps.
#[derive(Debug, Serialize, ToSchema)]
struct ManySteps {
    /// By number, unless another order was asked for.
    steps: Vec<Step>,
    /// Where this page stands.
    pagination: Pagination,
}

/// List the steps of a task.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps", tag = "workflow_steps", operation_id = "list_steps", security(("token" = ["tasker.workflow_step:index"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), StepQuery),
    responses((status = 200, body = ManySteps), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn list(
    extract::State(app): extract::State<App>,
    Path(task_id): Path<TaskId>,
    Params(query): Params<StepQuery>,
) -> Result<Json<ManySteps>, Refusal> {
    let steps = app.client.steps(task_id).await?;
    query.page(steps).map(Json)
}

/// Show a step, by its number or its name.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps/{step_id}", tag = "workflow_steps", operation_id = "show_step", security(("token" = ["tasker.workflow_step:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = OneStep, headers(("ETag" = String, description = "For If-Match."))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(
    extract::State(app): extract::State<App>,
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
#[serde(deny_unknown_fields)]
struct StepPatch {
    /// How many attempts there may be. Raising it makes a step that is exhausted eligible again.
    #[schema(nullable = false)]
    #[serde(default, deserialize_with = "given")]
    retry_limit: Option<i32>,
    /// Its own input, instead of the context of the task.
    #[schema(nullable = false)]
    #[serde(default, deserialize_with = "given")]
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
    extract::State(app): extract::State<App>,
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
    extract::State(app): extract::State<App>,
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
    let operator = access.operator(patch.by, patch.reason)?;
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
    extract::State(app): extract::State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    access: Access,
) -> Result<Json<Cancelled>, Refusal> {
    app.client
        .cancel_step(
            task_id,
            &StepSelector::parse(&step),
            &access.operator(None, None)?,
        )
        .await?;
    Ok(Json(Cancelled { cancelled: true }))
}

/// Say why a step does not go on.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps/{step_id}/why", tag = "workflow_steps", operation_id = "why_step", security(("token" = ["tasker.workflow_step:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name.")),
    responses((status = 200, body = WhyBody), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn why(
    extract::State(app): extract::State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
) -> Result<Json<WhyBody>, Refusal> {
    let why = app.client.why(task_id, Some(&StepSelector::parse(&step))).await?;
    Ok(Json(WhyBody { why }))
}
