//! Namespaces, handlers as steps name them, and pausing them, named tasks, or a single task.

use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Params};
use crate::page::{self, Pagination};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tasker_core::ErrorKind;
use tasker_core::model::{HandlerUse, NamePage, Namespace, Operator, PauseScope, TaskId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(namespaces))
        .routes(routes!(step_handlers))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// A part of a list that is in order of names.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct NameQuery {
    /// Only names that contain this text.
    containing: Option<String>,
    /// How many, 1 to 1,000; 100 unless given.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl NameQuery {
    fn page(self) -> Result<NamePage, Refusal> {
        Ok(NamePage {
            containing: self.containing,
            after: self.cursor,
            limit: page::size(self.limit.map(i64::from), 1000)?.unwrap_or(100),
        })
    }
}

/// Namespaces.
#[derive(Debug, Serialize, ToSchema)]
struct ManyNamespaces {
    /// By name, with what is paused in them.
    namespaces: Vec<Namespace>,
    /// Where this page stands.
    pagination: Pagination,
}

/// List the namespaces, with what is paused in them.
#[utoipa::path(get, path = "/namespaces", tag = "handlers", operation_id = "list_namespaces", security(("token" = ["tasker.handler:index"])), params(NameQuery),
    responses((status = 200, body = ManyNamespaces), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn namespaces(
    State(app): State<App>,
    Params(query): Params<NameQuery>,
) -> Result<Json<ManyNamespaces>, Refusal> {
    let page = query.page()?;
    let found = app.client.page_of_namespaces(&page).await?;
    let (namespaces, pagination) = page::listed(found, page.after.is_some(), |one| one.name.clone());
    Ok(Json(ManyNamespaces {
        namespaces,
        pagination,
    }))
}

/// Handlers, as steps name them.
#[derive(Debug, Serialize, ToSchema)]
struct ManyHandlers {
    /// By name.
    step_handlers: Vec<HandlerUse>,
    /// Where this page stands.
    pagination: Pagination,
}

/// List the handlers that steps name, with who has them and what waits for them.
#[utoipa::path(get, path = "/step_handlers", tag = "handlers", operation_id = "list_step_handlers", security(("token" = ["tasker.handler:index"])), params(NameQuery),
    responses((status = 200, body = ManyHandlers), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn step_handlers(
    State(app): State<App>,
    Params(query): Params<NameQuery>,
) -> Result<Json<ManyHandlers>, Refusal> {
    let page = query.page()?;
    let found = app.client.page_of_handlers(&page).await?;
    let (step_handlers, pagination) = page::listed(found, page.after.is_some(), |one| one.handler.clone());
    Ok(Json(ManyHandlers {
        step_handlers,
        pagination,
    }))
}

/// What to pause: a task, a namespace, a named task of it, or a handler everywhere.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Scope {
    /// A task.
    #[schema(value_type = Option<uuid::Uuid>)]
    task_id: Option<TaskId>,
    /// A namespace.
    namespace: Option<String>,
    /// A named task of the namespace, all its versions.
    name: Option<String>,
    /// A handler, in all namespaces.
    handler: Option<String>,
    /// Who, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
    /// Why.
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

impl Scope {
    fn read(self, access: &Access) -> Result<(PauseScope, Operator), Refusal> {
        let operator = access.operator(self.by, self.reason)?;
        let scope = match (self.task_id, self.namespace, self.name, self.handler) {
            (Some(task_id), None, None, None) => PauseScope::Task(task_id),
            (None, Some(namespace), Some(name), None) => PauseScope::NamedTask { namespace, name },
            (None, Some(namespace), None, None) => PauseScope::Namespace(namespace),
            (None, None, None, Some(handler)) => PauseScope::Handler(handler),
            _ => {
                return Err(Refusal::new(
                    ErrorKind::InvalidArgument,
                    "the body: give `task_id`, or `namespace`, or `namespace` and `name`, or `handler`",
                ));
            }
        };
        Ok((scope, operator))
    }
}

/// Whether something is paused now.
#[derive(Debug, Serialize, ToSchema)]
struct Paused {
    /// Whether it is.
    paused: bool,
}

/// Claim nothing more of a task, a namespace, a named task or a handler; what runs goes on.
#[utoipa::path(post, path = "/pause", tag = "handlers", operation_id = "pause", security(("token" = ["tasker.task:pause", "tasker.task:bulk"])), request_body = Scope,
    responses((status = 200, body = Paused), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn pause(State(app): State<App>, access: Access, body: Body) -> Result<Json<Paused>, Refusal> {
    let (scope, operator) = body.read::<Scope>(None)?.read(&access)?;
    app.client.pause(&scope, &operator).await?;
    Ok(Json(Paused { paused: true }))
}

/// Go on with what was paused.
#[utoipa::path(post, path = "/resume", tag = "handlers", operation_id = "resume", security(("token" = ["tasker.task:resume", "tasker.task:bulk"])), request_body = Scope,
    responses((status = 200, body = Paused), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn resume(State(app): State<App>, access: Access, body: Body) -> Result<Json<Paused>, Refusal> {
    let (scope, operator) = body.read::<Scope>(None)?.read(&access)?;
    app.client.resume(&scope, &operator).await?;
    Ok(Json(Paused { paused: false }))
}
