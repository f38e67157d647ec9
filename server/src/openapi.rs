//! The description of the routes: OpenAPI 3.1, made of the code.

use crate::app::{App, routes as described_routes};
use crate::auth::SCHEME;
use crate::extract::Prefix;
use crate::links::link;
use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(utoipa::OpenApi)]
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
        (name = "graphql", description = "The same as one graph."),
        (name = "health", description = "Whether it works."),
        (name = "description", description = "What is served."),
    )
)]
struct About;

/// What stands over the routes.
pub(crate) fn about() -> OpenApi {
    let mut about = About::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token (JWT) or an API key. The scopes of an operation are the permissions that it takes, `resource:action`, all of them.",
        ))
        .build();
    about
        .components
        .get_or_insert_default()
        .add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
    about
}

/// What is served, as the routes are described.
pub(crate) fn described() -> OpenApi {
    described_routes(crate::Options::default().bulk_bytes)
        .split_for_parts()
        .1
}

/// The description of everything that is served, without a place to reach it at: OpenAPI 3.1, as JSON.
pub fn document() -> Value {
    linked(&described())
}

fn linked(described: &OpenApi) -> Value {
    // Plain data: it always serializes.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    link(&mut document);
    document
}

/// The description as text.
pub(crate) fn text(described: &OpenApi) -> Bytes {
    linked(described).to_string().into()
}

/// The same text with the place to reach it at as its first member.
fn at(text: &Bytes, prefix: &str) -> Vec<u8> {
    let place = if prefix.is_empty() { "/" } else { prefix };
    let mut placed = format!("{{\"servers\":{},", json!([{ "url": place }])).into_bytes();
    placed.extend_from_slice(text.strip_prefix(b"{").unwrap_or_default());
    placed
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Describe everything that is served: OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "description", operation_id = "openapi", security(("token" = [])),
    responses((status = 200, body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(State(app): State<App>, Prefix(prefix): Prefix) -> Response {
    ([(CONTENT_TYPE, "application/json")], at(&app.document, &prefix)).into_response()
}
