//! Tasks: creating, listing, showing, changing and cancelling them.

use super::conditional::{IfMatch, tagged};
use super::shown::{self, Part, TaskBody};
use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Params, Path, Prefix, given, header, traceparent};
use crate::page::{self, Pagination, SortOrder};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header as names};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{
    AnalysisWeights, AnnotationFilter, State as TaskState, TaskFilter, TaskId, TaskRequest, TaskSearch,
    TaskSort, TaskUpdate, Why,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, replace, destroy))
        .routes(routes!(why))
}

/// A task alone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneTask {
    /// The task.
    pub(crate) task: TaskBody,
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
struct ManyTasks {
    /// The tasks of this page.
    tasks: Vec<TaskBody>,
    /// Where it stands.
    pagination: Pagination,
}

/// Which tasks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TaskQuery {
    /// Only of this namespace.
    namespace: Option<String>,
    /// Only of this name.
    name: Option<String>,
    /// Only of this version.
    version: Option<String>,
    /// Only in these states; the name may come several times.
    status: Vec<TaskState>,
    /// Only with all of these tags; the name may come several times.
    tag: Vec<String>,
    /// Only asked for by this one.
    initiator: Option<String>,
    /// Only asked for by this system.
    source_system: Option<String>,
    /// Only created at or after.
    created_since: Option<DateTime<Utc>>,
    /// Only created before.
    created_before: Option<DateTime<Utc>>,
    /// Only ended at or after.
    completed_since: Option<DateTime<Utc>>,
    /// Only ended before.
    completed_before: Option<DateTime<Utc>>,
    /// Only those that are paused by themselves, or only those that are not.
    paused: Option<bool>,
    /// Only with a failed step of which the last failure has this code.
    error_code: Option<String>,
    /// Only with an annotation of this type.
    annotation_type: Option<String>,
    /// Only with an annotation that has this key.
    annotation_key: Option<String>,
    /// Only with an annotation that has this value (JSON, or a text) under `annotation_key`.
    annotation_value: Option<String>,
    /// Only where the context has these values: a JSON object. Needs `name`; and `created_since` or `created_before` where the
    /// template does not list each of them as `searchable`.
    context: Option<String>,
    /// In order of what; `created_at` unless given.
    #[param(inline)]
    sort_by: Option<TaskSort>,
    /// `asc` or `desc`; `desc` unless given.
    #[param(inline)]
    sort_order: Option<SortOrder>,
    /// How many, 1 to 100; 20 unless given.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// How many to leave out before the page begins.
    offset: Option<u32>,
    /// The number of the page, from 1; instead of `offset`.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// How many, 1 to 100; instead of `limit`.
    #[param(minimum = 1)]
    per_page: Option<u32>,
    /// `next_cursor` of the page before, with the same filters and order.
    cursor: Option<String>,
    /// Only these members of each task, separated by commas.
    fields: Option<String>,
}

impl TaskQuery {
    fn filter(&self) -> Result<TaskFilter, Refusal> {
        Ok(TaskFilter {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            status: self.status.clone(),
            tags: self.tag.clone(),
            since: self.created_since,
            created_before: self.created_before,
            paused: self.paused,
            error_code: self.error_code.clone(),
            initiator: self.initiator.clone(),
            source_system: self.source_system.clone(),
            annotation: self.annotation(),
            completed_since: self.completed_since,
            completed_before: self.completed_before,
            context: self.context()?,
            after: None,
            limit: 0,
        })
    }

    fn annotation(&self) -> Option<AnnotationFilter> {
        let value = self
            .annotation_value
            .as_ref()
            .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())));
        let filter = AnnotationFilter {
            annotation_type: self.annotation_type.clone(),
            key: self.annotation_key.clone(),
            value,
        };
        (filter != AnnotationFilter::default()).then_some(filter)
    }

    fn context(&self) -> Result<Map<String, Value>, Refusal> {
        let Some(text) = &self.context else {
            return Ok(Map::new());
        };
        serde_json::from_str(text)
            .map_err(|error| Refusal::malformed(format!("context: a JSON object is needed: {error}")))
    }

    fn search(&self) -> Result<TaskSearch, Refusal> {
        let (limit, offset) = page::window(self.limit, self.offset, self.page, self.per_page, page::MOST)?;
        if self.cursor.is_some() && (self.offset.is_some() || self.page.is_some()) {
            return Err(page::two_places());
        }
        Ok(TaskSearch {
            filter: self.filter()?,
            sort: self.sort_by.unwrap_or_default(),
            ascending: self.sort_order == Some(SortOrder::Asc),
            after: self
                .cursor
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(malformed)?,
            offset,
            limit: limit.unwrap_or(page::LIMIT),
            count_up_to: page::COUNTED,
        })
    }
}

fn malformed(error: tasker_core::Error) -> Refusal {
    Refusal::malformed(error.message)
}

/// List tasks, newest first.
#[utoipa::path(get, path = "/tasks", tag = "tasks", operation_id = "list_tasks", security(("token" = ["tasker.task:index"])), params(TaskQuery),
    responses((status = 200, body = ManyTasks), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn list(State(app): State<App>, Params(query): Params<TaskQuery>) -> Result<Response, Refusal> {
    let parts = shown::parts(query.fields.as_deref())?;
    let (tasks, found) = app.client.search_tasks(&query.search()?).await?;
    let tasks = shown::bodies(&app.client, tasks, &parts).await?;
    let pagination = Pagination::new(found.total, found.next.map(|cursor| cursor.to_string()));
    if parts.all() {
        return Ok(Json(ManyTasks { tasks, pagination }).into_response());
    }
    let tasks: Vec<Value> = tasks.iter().map(|task| parts.of(task)).collect();
    Ok(Json(json!({ "tasks": tasks, "pagination": pagination })).into_response())
}

/// Create a task.
///
/// The request may stand alone or under `task`. The header `Idempotency-Key` is its `idempotency_key`. A request that was
/// made before answers 200 with the task that it made, a new one 201.
#[utoipa::path(post, path = "/tasks", tag = "tasks", operation_id = "create_task", security(("token" = ["tasker.task:create"])), request_body(content = TaskRequest, example = json!({"name": "process_order", "namespace": "shop", "context": {"order_id": "7"}})),
    params(("Idempotency-Key" = Option<String>, Header, description = "One task for all requests with this key.")),
    responses((status = 201, body = OneTask, headers(("Location" = String, description = "Where the task is."))),
        (status = 200, body = OneTask, description = "There is such a task already."),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn create(
    State(app): State<App>,
    Prefix(prefix): Prefix,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let mut request: TaskRequest = body
        .read(Some("task"))
        .map_err(|refusal| unnamed(&body, refusal))?;
    if let Some(key) = header(&headers, "idempotency-key")? {
        match &request.idempotency_key {
            Some(other) if other != key => {
                return Err(Refusal::new(
                    ErrorKind::InvalidArgument,
                    "the header Idempotency-Key and idempotency_key of the body differ",
                ));
            }
            _ => request.idempotency_key = Some(key.to_owned()),
        }
    }
    if request.traceparent.is_none() {
        request.traceparent = traceparent(&headers);
    }
    access.sign(&mut request);
    let (created, task) = app.creation.create(&app.client, request).await?;
    let status = if created.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let place = format!("{prefix}/tasks/{}", created.task_id);
    let mut response = (status, Json(OneTask { task })).into_response();
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(names::LOCATION, place);
    }
    Ok(response)
}

/// The ancestor has a sentence for a request that names no task.
fn unnamed(body: &Body, refusal: Refusal) -> Refusal {
    let mut value = body.value().unwrap_or_default();
    let inside = value.get_mut("task").map(Value::take).unwrap_or(value);
    if inside.is_object() && inside["name"].is_null() {
        refusal.with_error("invalid parameters: requires task name")
    } else {
        refusal
    }
}

/// How to show a task.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct ShowQuery {
    /// Only these members, separated by commas.
    fields: Option<String>,
    /// Whether to say, too, where the task stands in its graph: `dependency_analysis`.
    include_dependencies: Option<bool>,
}

/// Show a task, with its steps and what was noted on it.
#[utoipa::path(get, path = "/tasks/{task_id}", tag = "tasks", operation_id = "show_task", security(("token" = ["tasker.task:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "Its id."), ShowQuery),
    responses((status = 200, body = OneTask, headers(("ETag" = Option<String>, description = "For If-Match; where every member is shown."))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    Params(query): Params<ShowQuery>,
) -> Result<Response, Refusal> {
    let parts = shown::parts(query.fields.as_deref())?;
    let task = app.client.task(task_id).await?;
    let mut task = shown::body(&app.client, task, &parts).await?;
    let tag = parts.all().then(|| shown::tag(&task));
    if query.include_dependencies == Some(true) {
        let analysis = app
            .client
            .dependency_analysis(task_id, &AnalysisWeights::default())
            .await?;
        task.dependency_analysis = Some(Box::new(analysis));
    }
    Ok(match tag {
        Some(tag) => tagged(Json(OneTask { task }).into_response(), &tag),
        None => Json(json!({ "task": parts.of(&task) })).into_response(),
    })
}

/// What to change of a task.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TaskPatch {
    /// Why it was asked for.
    #[schema(max_length = 4096, nullable = false)]
    #[serde(default, deserialize_with = "given")]
    reason: Option<String>,
    /// Its labels, instead of those that it has.
    #[schema(max_items = 100, nullable = false)]
    #[serde(default, deserialize_with = "given")]
    tags: Option<Vec<String>>,
    /// 0 (first) to 9 (last), for the steps that have not started.
    #[schema(minimum = 0, maximum = 9, nullable = false)]
    #[serde(default, deserialize_with = "given")]
    priority: Option<i16>,
    /// Who changes it, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
}

/// Change the reason, the labels or the priority of a task.
///
/// With `If-Match` only if the task is as it was shown with that `ETag`; else 412.
#[utoipa::path(patch, path = "/tasks/{task_id}", tag = "tasks", operation_id = "update_task", security(("token" = ["tasker.task:update"])), request_body = TaskPatch,
    params(("task_id" = uuid::Uuid, Path, description = "Its id."), ("If-Match" = Option<String>, Header, description = "Only if it is still so.")),
    responses((status = 200, body = OneTask, headers(("ETag" = String, description = "For If-Match."))), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn update(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    change(app, task_id, &access, &headers, &body).await
}

/// As PATCH: the ancestor took both.
#[utoipa::path(put, path = "/tasks/{task_id}", tag = "tasks", operation_id = "put_task", security(("token" = ["tasker.task:update"])), request_body = TaskPatch,
    params(("task_id" = uuid::Uuid, Path, description = "Its id."), ("If-Match" = Option<String>, Header, description = "Only if it is still so.")),
    responses((status = 200, body = OneTask, headers(("ETag" = String, description = "For If-Match."))), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn replace(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    change(app, task_id, &access, &headers, &body).await
}

async fn change(
    app: App,
    task_id: TaskId,
    access: &Access,
    headers: &HeaderMap,
    body: &Body,
) -> Result<Response, Refusal> {
    let patch: TaskPatch = body.read(Some("task"))?;
    let update = TaskUpdate {
        reason: patch.reason,
        tags: patch.tags,
        priority: patch.priority,
    };
    let operator = access.operator(patch.by, None)?;
    let task = match IfMatch::read(headers)? {
        None => app.client.update_task(task_id, &update, &operator).await?,
        Some(wanted) => app
            .client
            .update_task_if(task_id, &update, &operator, &|held| {
                wanted.is_met(&shown::tag(&held.clone().into()))
            })
            .await?
            .ok_or_else(|| wanted.refusal(format_args!("task {task_id}")))?,
    };
    let task = shown::body(&app.client, task, &Part::every()).await?;
    let tag = shown::tag(&task);
    Ok(tagged(Json(OneTask { task }).into_response(), &tag))
}

/// What the ancestor answers to DELETE.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cancelled {
    /// True.
    pub(super) cancelled: bool,
}

/// Cancel a task and its open steps.
#[utoipa::path(delete, path = "/tasks/{task_id}", tag = "tasks", operation_id = "destroy_task", security(("token" = ["tasker.task:destroy"])),
    params(("task_id" = uuid::Uuid, Path, description = "Its id.")),
    responses((status = 200, body = Cancelled), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn destroy(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    access: Access,
) -> Result<Json<Cancelled>, Refusal> {
    app.client
        .cancel_task(task_id, &access.operator(None, None)?)
        .await?;
    Ok(Json(Cancelled { cancelled: true }))
}

/// Why a task does not go on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyBody {
    /// The task first, then its steps.
    pub(super) why: Vec<Why>,
}

/// Say why a task does not go on, and each of its steps.
#[utoipa::path(get, path = "/tasks/{task_id}/why", tag = "tasks", operation_id = "why_task", security(("token" = ["tasker.task:show"])),
    params(("task_id" = uuid::Uuid, Path, description = "Its id.")),
    responses((status = 200, body = WhyBody), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn why(State(app): State<App>, Path(task_id): Path<TaskId>) -> Result<Json<WhyBody>, Refusal> {
    let why = app.client.why(task_id, None).await?;
    Ok(Json(WhyBody { why }))
}
