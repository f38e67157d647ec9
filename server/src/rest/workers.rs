//! Workers.

use crate::app::App;
use crate::extract::{Params, Path};
use crate::page::{self, Pagination};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tasker_core::ErrorKind;
use tasker_core::model::{Worker, WorkerFilter, WorkerHealth};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Which workers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct WorkerQuery {
    /// Only with this health; the name may come several times.
    health: Vec<WorkerHealth>,
    /// Only those that have this handler.
    handler: Option<String>,
    /// Also those that ended.
    ended: bool,
    /// How many, 1 to 1,000; 100 unless given.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<i64>,
}

/// Workers.
#[derive(Debug, Serialize, ToSchema)]
struct ManyWorkers {
    /// By id.
    workers: Vec<Worker>,
    /// Where this page stands.
    pagination: Pagination,
}

/// A worker alone.
#[derive(Debug, Serialize, ToSchema)]
struct OneWorker {
    /// The worker.
    worker: Worker,
}

/// List the workers, by id: those that live, and those that were lost.
#[utoipa::path(get, path = "/workers", tag = "workers", operation_id = "list_workers", security(("token" = ["tasker.worker:index"])), params(WorkerQuery),
    responses((status = 200, body = ManyWorkers), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn list(
    State(app): State<App>,
    Params(query): Params<WorkerQuery>,
) -> Result<Json<ManyWorkers>, Refusal> {
    let limit = page::size(query.limit.map(i64::from), 1000)?.unwrap_or(100);
    let filter = WorkerFilter {
        worker_id: None,
        health: query.health,
        handler: query.handler,
        ended: query.ended,
        after: query.cursor,
        limit,
    };
    let found = app.client.page_of_workers(&filter).await?;
    let (workers, pagination) = page::listed(found, query.cursor.is_some(), |one| one.worker_id.to_string());
    Ok(Json(ManyWorkers { workers, pagination }))
}

/// Show a worker.
#[utoipa::path(get, path = "/workers/{worker_id}", tag = "workers", operation_id = "show_worker", security(("token" = ["tasker.worker:index"])),
    params(("worker_id" = i64, Path, description = "Its id.")),
    responses((status = 200, body = OneWorker), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(State(app): State<App>, Path(worker_id): Path<i64>) -> Result<Json<OneWorker>, Refusal> {
    let filter = WorkerFilter {
        worker_id: Some(worker_id),
        ended: true,
        ..WorkerFilter::default()
    };
    let found = app.client.list_workers(&filter).await?.pop();
    let worker =
        found.ok_or_else(|| Refusal::new(ErrorKind::NotFound, format!("there is no worker {worker_id}")))?;
    Ok(Json(OneWorker { worker }))
}
