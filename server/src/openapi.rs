//! The description of the routes: OpenAPI 3.1, made of the code.

use crate::app::routes as described_routes;
use crate::problem::Problem;
use axum::{Json, Router, routing::get};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::server::Server;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tasker",
        description = "Durable workflows on PostgreSQL. Refusals are `application/problem+json`.",
        license(name = "MIT", identifier = "MIT"),
    ),
    components(schemas(Problem)),
    tags(
        (name = "tasks", description = "Tasks: one run of a workflow each."),
        (name = "workflow_steps", description = "The steps of a task."),
        (name = "bulk", description = "Many tasks at once."),
        (name = "handlers", description = "What is registered, as the ancestor shows it."),
        (name = "templates", description = "Workflows: registering, checking and drawing them."),
        (name = "workers", description = "Who runs steps."),
        (name = "health", description = "Whether it works."),
    )
)]
struct About;

/// What stands over the routes.
pub(crate) fn about() -> utoipa::openapi::OpenApi {
    About::openapi()
}

/// The description of everything that is served, without a place to reach it at.
pub fn document() -> utoipa::openapi::OpenApi {
    described_routes(crate::Options::default().bulk_bytes)
        .split_for_parts()
        .1
}

/// Serves the description. `prefix` is where all of it is mounted.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(
    mut document: utoipa::openapi::OpenApi,
    prefix: &str,
) -> Router<S> {
    document.servers = Some(vec![Server::new(if prefix.is_empty() { "/" } else { prefix })]);
    let document = Arc::new(document);
    Router::new().route(
        "/openapi.json",
        get(async move || Json(document.as_ref().clone())),
    )
}
