//! Metrics for Prometheus: [`families`] declares them, [`process`] and [`http`] show what this process counted, [`database`]
//! what all processes did, and a [`page`] is written from that for each request. Nothing is global: two interfaces in one
//! process know nothing of each other.

mod database;
mod families;
mod http;
mod page;
mod process;

use crate::app::App;
use crate::health::fresh;
use crate::problem::{Problem, Refusal};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use page::{Format, Page};
use tasker_core::{Error, ErrorKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use database::Looks;
pub use families::metrics_reference;
pub(crate) use http::{Requests, count};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Show metrics in the text format of Prometheus, or in that of OpenMetrics if `Accept` says so.
///
/// Tells of this process, and, at most 15 s old, of the database. When the database is away `tasker_database_up` is 0.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "metrics", security(("token" = ["tasker.metrics:index"])),
    responses(
        (status = 200, description = "The metrics. No task, step or error is named in them.",
            content((String = "text/plain"), (String = "application/openmetrics-text"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")))]
async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let mut page = Page::default();
    process::show(app.client.metrics(), &mut page);
    app.requests.show(&mut page);
    app.looks.show(&app.client, &mut page).await;
    let text = page
        .write(format)
        .map_err(|_| Error::new(ErrorKind::Internal, "the metrics could not be written"))?;
    let mut response = fresh(StatusCode::OK, text);
    let content_type = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}
