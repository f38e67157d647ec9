//! Whether it works: for the probes of Kubernetes, and for people.

use crate::app::App;
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::{Duration, Instant};
use tasker_core::model::SystemHealth;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long the database may take to answer before this process counts as not ready.
const READY_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(status))
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

/// How long counts are good for: they read whole tables.
const COUNTED_FOR: Duration = Duration::from_secs(15);
/// From this share of the server's connections on it counts as unhealthy.
const CONNECTIONS: f64 = 90.0;
/// From this share of tasks, or of steps, in error on it counts as unhealthy.
const ERRORS: f64 = 50.0;

/// Counts, and when they were made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    counts: SystemHealth,
    at: DateTime<Utc>,
    made: Instant,
    took: Duration,
}

/// How the whole system is.
#[derive(Debug, Serialize, ToSchema)]
struct Status {
    /// Whether nothing is beyond its limit.
    healthy: bool,
    /// `healthy` or `unhealthy`.
    status: &'static str,
    /// What is beyond its limit, in words.
    problems: Vec<String>,
    /// Tasks, steps, retries.
    metrics: Metrics,
    /// The server's connections.
    database: Connections,
    /// Whether the counts were made for an earlier request.
    cached: bool,
    /// How long counts are good for.
    cache_info: CacheInfo,
    /// When they were made.
    timestamp: DateTime<Utc>,
    /// The same, under the ancestor's other name.
    generated_at: DateTime<Utc>,
    /// How long that took, in seconds.
    generation_duration: f64,
}

/// How long counts are good for.
#[derive(Debug, Serialize, ToSchema)]
struct CacheInfo {
    /// Whether these were made for an earlier request.
    cached: bool,
    /// In seconds.
    ttl_base: u64,
}

/// Tasks, steps, retries.
#[derive(Debug, Serialize, ToSchema)]
struct Metrics {
    /// Tasks by state.
    tasks: TaskCounts,
    /// Steps by state.
    steps: StepCounts,
    /// Failed steps.
    retries: RetryCounts,
}

/// Tasks by state.
#[derive(Debug, Serialize, ToSchema)]
struct TaskCounts {
    total: i64,
    pending: i64,
    in_progress: i64,
    complete: i64,
    error: i64,
    cancelled: i64,
}

/// Steps by state.
#[derive(Debug, Serialize, ToSchema)]
struct StepCounts {
    total: i64,
    pending: i64,
    in_progress: i64,
    complete: i64,
    error: i64,
}

/// Failed steps.
#[derive(Debug, Serialize, ToSchema)]
struct RetryCounts {
    retryable_errors: i64,
    exhausted_retries: i64,
    in_backoff: i64,
}

/// The server's connections.
#[derive(Debug, Serialize, ToSchema)]
struct Connections {
    active_connections: i64,
    max_connections: i64,
    /// Of a hundred.
    connection_utilization: f64,
}

/// Say how many tasks and steps are in which state, and whether that is healthy.
///
/// Unhealthy is more than half of the tasks or of the steps in error, or nine tenths of the server's connections in use. The
/// counts are at most 15 s old.
#[utoipa::path(get, path = "/health/status", tag = "health", operation_id = "status", security(("token" = ["tasker.health_status:index"])),
    responses((status = 200, body = Status), (status = 503, body = Status, description = "It is not healthy."),
        (status = "4XX", body = Problem, content_type = "application/problem+json"), (status = "5XX", body = Problem, content_type = "application/problem+json")))]
async fn status(State(app): State<App>) -> Result<Response, Refusal> {
    let (counted, cached) = counted(&app).await?;
    let counts = counted.counts;
    let used = share(counts.active_connections, counts.max_connections);
    let mut problems = Vec::new();
    if used > CONNECTIONS {
        problems.push(format!("{used:.0} % of the server's connections are in use"));
    }
    for (what, failed, total) in [
        ("tasks", counts.error_tasks, counts.total_tasks),
        ("steps", counts.error_steps, counts.total_steps),
    ] {
        let errors = share(failed, total);
        if errors > ERRORS {
            problems.push(format!("{errors:.0} % of the {what} are in error"));
        }
    }
    let healthy = problems.is_empty();
    let body = Status {
        healthy,
        status: if healthy { "healthy" } else { "unhealthy" },
        problems,
        metrics: Metrics {
            tasks: TaskCounts {
                total: counts.total_tasks,
                pending: counts.pending_tasks,
                in_progress: counts.in_progress_tasks,
                complete: counts.complete_tasks,
                error: counts.error_tasks,
                cancelled: counts.cancelled_tasks,
            },
            steps: StepCounts {
                total: counts.total_steps,
                pending: counts.pending_steps,
                in_progress: counts.in_progress_steps,
                complete: counts.complete_steps,
                error: counts.error_steps,
            },
            retries: RetryCounts {
                retryable_errors: counts.retryable_error_steps,
                exhausted_retries: counts.exhausted_retry_steps,
                in_backoff: counts.in_backoff_steps,
            },
        },
        database: Connections {
            active_connections: counts.active_connections,
            max_connections: counts.max_connections,
            connection_utilization: used,
        },
        cached,
        cache_info: CacheInfo {
            cached,
            ttl_base: COUNTED_FOR.as_secs(),
        },
        timestamp: counted.at,
        generated_at: counted.at,
        generation_duration: counted.took.as_secs_f64(),
    };
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(fresh(status, Json(body)))
}

/// The counts of now, or of a moment ago; one request counts for all that come meanwhile.
async fn counted(app: &App) -> Result<(Counted, bool), Refusal> {
    let mut last = app.counted.lock().await;
    if let Some(counted) = last.filter(|counted| counted.made.elapsed() < COUNTED_FOR) {
        return Ok((counted, true));
    }
    let made = Instant::now();
    let counts = app.client.system_health().await?;
    let counted = Counted {
        counts,
        at: Utc::now(),
        made,
        took: made.elapsed(),
    };
    *last = Some(counted);
    Ok((counted, false))
}

/// Of a hundred, one decimal.
#[allow(clippy::cast_precision_loss)]
fn share(part: i64, of: i64) -> f64 {
    if of == 0 {
        return 0.0;
    }
    (part as f64 / of as f64 * 1000.0).round() / 10.0
}
