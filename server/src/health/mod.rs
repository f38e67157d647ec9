//! Whether it works: for the probes of Kubernetes here, for people in `status`.

mod status;

pub(crate) use status::Counted;

use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::{Duration, Instant};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long the database may take to answer before this process counts as not ready.
const READY_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .merge(status::routes())
}

/// An answer that nobody keeps.
pub(crate) fn fresh(status: StatusCode, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// That this process answers.
#[derive(Debug, Serialize, ToSchema)]
struct Live {
    /// True.
    alive: bool,
    /// Now.
    timestamp: DateTime<Utc>,
    /// `tasker`.
    service: &'static str,
}

/// Say that this process answers. Asks nobody else, and needs no permission.
#[utoipa::path(get, path = "/health/live", tag = "health", operation_id = "live", security(()), responses((status = 200, body = Live)))]
async fn live() -> Response {
    fresh(
        StatusCode::OK,
        Json(Live {
            alive: true,
            timestamp: Utc::now(),
            service: "tasker",
        }),
    )
}

/// Whether this process can do its work.
#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// Whether it can.
    ready: bool,
    /// What was looked at.
    checks: Checks,
    /// In words.
    message: String,
    /// Now.
    timestamp: DateTime<Utc>,
    /// How long looking took, in seconds.
    check_duration: f64,
    /// The names of the checks that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_checks: Vec<&'static str>,
}

/// What was looked at.
#[derive(Debug, Serialize, ToSchema)]
struct Checks {
    /// The database, and whether its schema fits.
    database: CheckBody,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
struct CheckBody {
    /// `healthy` or `unhealthy`.
    status: &'static str,
    /// In words.
    message: String,
    /// How long the answer took, in milliseconds.
    response_time_ms: f64,
}

/// Say whether the database answers and its schema fits. Needs no permission.
#[utoipa::path(get, path = "/health/ready", tag = "health", operation_id = "ready", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready, description = "It is not ready.")))]
async fn ready(State(app): State<App>) -> Response {
    let began = Instant::now();
    let found = match tokio::time::timeout(READY_WITHIN, app.client.check_ready()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.message),
        Err(_) => Err(format!(
            "the database did not answer within {} s",
            READY_WITHIN.as_secs()
        )),
    };
    let took = began.elapsed().as_secs_f64();
    let healthy = found.is_ok();
    let message = found.err().unwrap_or_else(|| "the database answers".to_owned());
    let body = Ready {
        ready: healthy,
        message: if healthy {
            "ready".to_owned()
        } else {
            format!("not ready: {message}")
        },
        checks: Checks {
            database: CheckBody {
                status: if healthy { "healthy" } else { "unhealthy" },
                message,
                response_time_ms: took * 1000.0,
            },
        },
        timestamp: Utc::now(),
        check_duration: took,
        failed_checks: if healthy { Vec::new() } else { vec!["database"] },
    };
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    fresh(status, Json(body))
}
