//! Creating many tasks.

use super::array::{self, Requests};
use super::{lines, stopping};
use crate::app::App;
use crate::auth::Access;
use crate::extract::{BodyFormat, bytes, unsupported};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tasker_core::model::{Created, TaskRequest};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create))
}

/// What became of many requests.
#[derive(Debug, Serialize, ToSchema)]
struct ManyCreated {
    /// In the order of the requests.
    tasks: Vec<Created>,
}

/// Create many tasks: a JSON array in one transaction, or JSON lines (`application/x-ndjson`) in batches.
///
/// Of an array, of at most 100,000 requests, all are created or none. Each request that is refused is told in `details.requests`:
/// `{"index", "kind", "code", "detail", "details"}`, from index 0, the first hundred; `details.count` says how many there are. Of
/// lines each is answered by a line, in order, as soon as it is committed: `{"index", "task_id", "created", "pruned"}` or
/// `{"index", "problem"}`; whatever was answered stays. Where the last line is a problem because no more came in time or the server
/// stops, nothing from its index on was taken.
#[utoipa::path(post, path = "/tasks/bulk", tag = "bulk", operation_id = "create_tasks", security(("token" = ["tasker.task:create", "tasker.task:bulk"])),
    request_body(content(
        (Vec<TaskRequest> = "application/json", example = json!([{"name": "process_order", "namespace": "shop", "context": {"order_id": "7"}}])),
        (String = "application/x-ndjson", example = "{\"name\": \"process_order\", \"namespace\": \"shop\"}\n"))),
    responses((status = 201, content((ManyCreated = "application/json"), (String = "application/x-ndjson"))),
        (status = 200, body = ManyCreated, description = "There are such tasks already, for each request."), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn create(State(app): State<App>, access: Access, request: Request) -> Result<Response, Refusal> {
    match BodyFormat::of(request.headers()) {
        Some(BodyFormat::Json) => {}
        Some(BodyFormat::JsonLines) => return Ok(lines::create(app, access, request)),
        Some(BodyFormat::Yaml) | None => {
            return Err(unsupported(
                "the body has to be a JSON array, with the header Content-Type: application/json, or JSON lines, with \
                 Content-Type: application/x-ndjson",
            ));
        }
    }
    let reading = async { array::read(bytes(request, &app).await?).await };
    let mut read = tokio::select! {
        read = reading => read?,
        () = app.options.stop.cancelled() => return Err(stopping("nothing was created; ask again")),
    };
    for request in &mut read.requests {
        access.sign(request);
    }
    let tasks = create_all(&app, read).await?;
    let status = match tasks.iter().any(|task| task.created) {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok((status, Json(ManyCreated { tasks })).into_response())
}

/// Creates all or none. Where some cannot even be read, the others are looked at as well: all that is wrong is told at once.
async fn create_all(app: &App, read: Requests) -> Result<Vec<Created>, Refusal> {
    let Requests {
        requests,
        places,
        mut refused,
    } = read;
    if !refused.is_empty()
        && let Ok(others) = app.client.find_refused(&requests).await
    {
        refused.merge(others, |index| places.get(index).copied().unwrap_or(index));
    }
    match refused.into_error() {
        Some(error) => Err(error.into()),
        None => Ok(app.client.create_tasks(&requests).await?),
    }
}
