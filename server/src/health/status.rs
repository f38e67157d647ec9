//! How the whole system is.

use super::fresh;
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::{Duration, Instant};
use tasker_core::model::SystemHealth;
use tasker_core::{Error, ErrorKind};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(status))
}

/// How long counting may take before the state of the system counts as unknown.
const COUNTED_WITHIN: Duration = Duration::from_secs(10);
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

/// That nothing could be counted.
#[derive(Debug, Serialize, ToSchema)]
struct Unknown {
    /// False.
    healthy: bool,
    /// `error`.
    status: &'static str,
    /// What came in the way, in words.
    problems: Vec<String>,
    /// What the ancestor's clients read.
    error: &'static str,
    /// What came in the way, in words.
    message: String,
    /// Now.
    timestamp: DateTime<Utc>,
}

/// Why it is not healthy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code)] // For the description.
enum Unhealthy {
    Counted(Status),
    Unknown(Unknown),
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
/// counts are at most 15 s old. Where they cannot be had, `status` is `error`.
#[utoipa::path(get, path = "/health/status", tag = "health", operation_id = "status", security(("token" = ["tasker.health_status:index"])),
    responses((status = 200, body = Status), (status = 503, description = "It is not healthy, or that cannot be known.", content((Unhealthy = "application/json"), (Problem = "application/problem+json"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn status(State(app): State<App>) -> Response {
    let late = || {
        Error::new(
            ErrorKind::Timeout,
            format!("the database did not count within {} s", COUNTED_WITHIN.as_secs()),
        )
    };
    let found = tokio::time::timeout(COUNTED_WITHIN, counted(&app)).await;
    let (counted, cached) = match found.unwrap_or_else(|_| Err(late())) {
        Ok(found) => found,
        Err(error) => return unknown(error),
    };
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
    fresh(status, Json(body))
}

fn unknown(error: Error) -> Response {
    tracing::warn!(%error, "the state of the system is not known");
    let body = Unknown {
        healthy: false,
        status: "error",
        problems: vec![error.message.clone()],
        error: "Health check failed",
        message: error.message,
        timestamp: Utc::now(),
    };
    fresh(StatusCode::SERVICE_UNAVAILABLE, Json(body))
}

/// The counts of now, or of a moment ago; one request counts for all that come meanwhile.
async fn counted(app: &App) -> Result<(Counted, bool), Error> {
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
