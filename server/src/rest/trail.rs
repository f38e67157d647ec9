//! What happened to a task and its steps, and what was noted on it.

use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Params, Path};
use crate::page::{self, Pagination};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tasker_core::model::{Annotation, OperatorAction, StepSelector, TaskId, Transition};
use tasker_core::{Client, Error};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(timeline))
        .routes(routes!(transitions))
        .routes(routes!(annotations, annotate))
}

/// The largest page.
const MOST: u32 = 1000;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct TrailQuery {
    /// How many, 1 to 1,000; 1,000 unless given.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl TrailQuery {
    fn page_of<T>(
        &self,
        all: Vec<T>,
        cursor: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Pagination), Refusal> {
        let size = page::size(self.limit.map(i64::from), MOST)?.unwrap_or(MOST);
        page::part(all, self.cursor.as_deref(), size, cursor)
    }
}

/// What happened to a task and its steps.
#[derive(Debug, Serialize, ToSchema)]
struct Timeline {
    /// Moves between states, in order of time.
    transitions: Vec<Transition>,
    /// What operators did where no state moved, also to the namespace, the named task and the handlers, in order of time: what falls
    /// between the transitions of this page.
    actions: Vec<OperatorAction>,
    /// Where this page of transitions stands.
    pagination: Pagination,
}

/// Show everything that happened to a task and its steps, in order of time.
#[utoipa::path(get, path = "/tasks/{task_id}/timeline", tag = "tasks", operation_id = "task_timeline", security(("token" = ["tasker.task:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "Its id."), TrailQuery),
    responses((status = 200, body = Timeline), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn timeline(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    Params(query): Params<TrailQuery>,
) -> Result<Json<Timeline>, Refusal> {
    let all = moves(&app.client, task_id).await?;
    let mut actions = app.client.operator_actions(task_id).await?;
    let since = match &query.cursor {
        None => None,
        Some(cursor) => all
            .iter()
            .find(|one| place(one) == *cursor)
            .map(|one| one.created_at),
    };
    let (transitions, pagination) = query.page_of(all, place)?;
    let until = pagination.next_cursor.as_ref().and(transitions.last());
    let until = until.map(|last| last.created_at);
    actions.retain(|one| {
        since.is_none_or(|since| one.created_at > since) && until.is_none_or(|until| one.created_at <= until)
    });
    Ok(Json(Timeline {
        transitions,
        actions,
        pagination,
    }))
}

/// Every move of a task and its steps, in order of time.
///
/// # Errors
/// `NotFound`, `DatabaseUnavailable`.
pub(crate) async fn moves(client: &Client, task_id: TaskId) -> Result<Vec<Transition>, Error> {
    let mut found = client.transitions(task_id, None).await?;
    found.extend(client.step_transitions(task_id).await?);
    found.sort_by_key(|one| (one.created_at, one.workflow_step_id, one.sort_key));
    Ok(found)
}

/// The cursor of a move among those of a task and its steps.
pub(crate) fn place(one: &Transition) -> String {
    format!("{}:{}", one.workflow_step_id.unwrap_or(0), one.sort_key)
}

/// What happened to a step.
#[derive(Debug, Serialize, ToSchema)]
struct Trail {
    /// Oldest first.
    transitions: Vec<Transition>,
    /// Where this page stands.
    pagination: Pagination,
}

/// Show everything that happened to a step, with what its attempts said.
#[utoipa::path(get, path = "/tasks/{task_id}/workflow_steps/{step_id}/transitions", tag = "workflow_steps", operation_id = "step_transitions", security(("token" = ["tasker.workflow_step:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "The task."), ("step_id" = String, Path, description = "Its number, or its name."), TrailQuery),
    responses((status = 200, body = Trail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn transitions(
    State(app): State<App>,
    Path((task_id, step)): Path<(TaskId, String)>,
    Params(query): Params<TrailQuery>,
) -> Result<Json<Trail>, Refusal> {
    let selector = StepSelector::parse(&step);
    let all = app.client.transitions(task_id, Some(&selector)).await?;
    let (transitions, pagination) = query.page_of(all, |one| one.sort_key.to_string())?;
    Ok(Json(Trail {
        transitions,
        pagination,
    }))
}

/// What was noted on a task.
#[derive(Debug, Serialize, ToSchema)]
struct Annotations {
    /// Oldest first.
    annotations: Vec<Annotation>,
    /// Where this page stands.
    pagination: Pagination,
}

/// An annotation alone.
#[derive(Debug, Serialize, ToSchema)]
struct OneAnnotation {
    /// The annotation.
    annotation: Annotation,
}

/// What to note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAnnotation {
    /// What kind of thing it says: 1 to 64 characters.
    annotation_type: String,
    /// What it says: any JSON but null.
    annotation: Value,
    /// Who notes it, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
    /// Why.
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

/// Show what was noted on a task.
#[utoipa::path(get, path = "/tasks/{task_id}/annotations", tag = "tasks", operation_id = "list_annotations", security(("token" = ["tasker.task:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "Its id."), TrailQuery),
    responses((status = 200, body = Annotations), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn annotations(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    Params(query): Params<TrailQuery>,
) -> Result<Json<Annotations>, Refusal> {
    let all = app.client.list_annotations(task_id).await?;
    let (annotations, pagination) = query.page_of(all, |one| one.task_annotation_id.to_string())?;
    Ok(Json(Annotations {
        annotations,
        pagination,
    }))
}

/// Note something on a task, to find it by.
#[utoipa::path(post, path = "/tasks/{task_id}/annotations", tag = "tasks", operation_id = "annotate_task", security(("token" = ["tasker.task:update"])), request_body = NewAnnotation,
    params(("task_id" = uuid::Uuid, Path, description = "Its id.")),
    responses((status = 201, body = OneAnnotation), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn annotate(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    body: Body,
) -> Result<(StatusCode, Json<OneAnnotation>), Refusal> {
    let new: NewAnnotation = body.read(None)?;
    let annotation = app
        .client
        .annotate_task(
            task_id,
            &new.annotation_type,
            &new.annotation,
            &access.operator(new.by, new.reason)?,
        )
        .await?;
    Ok((StatusCode::CREATED, Json(OneAnnotation { annotation })))
}
