//! What is registered, as the ancestor shows it: namespaces, the names in them, and one name with its steps.

use super::templates::VersionQuery;
use crate::app::App;
use crate::extract::{Params, Path};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tasker_core::ErrorKind;
use tasker_core::model::{NamePage, NamedTask};
use tasker_core::template::CompiledTemplate;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(namespace))
        .routes(routes!(show))
}

/// A namespace, and how many names it has.
#[derive(Debug, Serialize, ToSchema)]
struct NamespaceCount {
    /// The namespace.
    name: String,
    /// How many named tasks there are in it, whatever the version.
    handler_count: usize,
}

/// Namespaces.
#[derive(Debug, Serialize, ToSchema)]
struct Namespaces {
    /// By name.
    namespaces: Vec<NamespaceCount>,
    /// How many.
    total_namespaces: usize,
    /// When this was looked up.
    generated_at: DateTime<Utc>,
}

/// List the namespaces.
#[utoipa::path(get, path = "/handlers", tag = "handlers", operation_id = "list_handlers", security(("token" = ["tasker.handler:index"])),
    responses((status = 200, body = Namespaces), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn list(State(app): State<App>) -> Result<Json<Namespaces>, Refusal> {
    let mut counts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for task in app.client.named_tasks(None).await? {
        counts.entry(task.namespace).or_default().insert(task.name);
    }
    let namespaces: Vec<NamespaceCount> = counts
        .into_iter()
        .map(|(name, tasks)| NamespaceCount {
            name,
            handler_count: tasks.len(),
        })
        .collect();
    Ok(Json(Namespaces {
        total_namespaces: namespaces.len(),
        namespaces,
        generated_at: Utc::now(),
    }))
}

/// A name of a namespace.
#[derive(Debug, Serialize, ToSchema)]
struct HandlerSummary {
    /// The namespace.
    namespace: String,
    /// The name.
    name: String,
    /// Its versions, newest first.
    versions: Vec<String>,
    /// The newest.
    latest_version: String,
    /// How many versions.
    handler_count: usize,
    /// What it is for.
    description: Option<String>,
    /// How many steps the newest has.
    step_count: i64,
}

/// The names of a namespace.
#[derive(Debug, Serialize, ToSchema)]
struct InNamespace {
    /// The namespace.
    namespace: String,
    /// By name.
    handlers: Vec<HandlerSummary>,
    /// How many.
    total_handlers: usize,
}

/// List the names of a namespace.
#[utoipa::path(get, path = "/handlers/{namespace}", tag = "handlers", operation_id = "show_namespace", security(("token" = ["tasker.handler:index"])), params(("namespace" = String, Path, description = "The namespace.")),
    responses((status = 200, body = InNamespace), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn namespace(
    State(app): State<App>,
    Path(namespace): Path<String>,
) -> Result<Json<InNamespace>, Refusal> {
    let mut handlers: Vec<HandlerSummary> = Vec::new();
    for task in named_tasks(&app, &namespace).await? {
        match handlers.last_mut() {
            Some(last) if last.name == task.name => {
                last.versions.push(task.version);
                last.handler_count += 1;
            }
            _ => handlers.push(HandlerSummary {
                namespace: task.namespace,
                name: task.name,
                latest_version: task.version.clone(),
                versions: vec![task.version],
                handler_count: 1,
                description: task.description,
                step_count: task.step_count,
            }),
        }
    }
    Ok(Json(InNamespace {
        namespace,
        total_handlers: handlers.len(),
        handlers,
    }))
}

async fn named_tasks(app: &App, namespace: &str) -> Result<Vec<NamedTask>, Refusal> {
    let tasks = app.client.named_tasks(Some(namespace)).await?;
    if tasks.is_empty() && !namespaces_named(app, namespace).await? {
        return Err(Refusal::new(
            ErrorKind::NotFound,
            format!("there is no namespace '{namespace}'; GET /handlers has all"),
        )
        .with_error("Namespace not found"));
    }
    Ok(tasks)
}

async fn namespaces_named(app: &App, namespace: &str) -> Result<bool, Refusal> {
    let page = NamePage {
        containing: Some(namespace.to_owned()),
        after: None,
        limit: 1000,
    };
    let found = app.client.list_namespaces(&page).await?;
    Ok(found.iter().any(|one| one.name == namespace))
}

/// A name with its steps.
#[derive(Debug, Serialize, ToSchema)]
struct HandlerBody {
    /// The namespace.
    namespace: String,
    /// The name.
    name: String,
    /// The version.
    version: String,
    /// `namespace.name@version`.
    full_name: String,
    /// What it is for.
    description: Option<String>,
    /// Whether tasks can be made of it.
    available: bool,
    /// Its steps, in template order.
    step_templates: Vec<Value>,
    /// What waits for what.
    dependency_graph: Value,
}

/// A handler alone.
#[derive(Debug, Serialize, ToSchema)]
struct OneHandler {
    /// The handler.
    handler: HandlerBody,
    /// When this was looked up.
    generated_at: DateTime<Utc>,
}

/// Show a name with its steps and what they wait for.
#[utoipa::path(get, path = "/handlers/{namespace}/{name}", tag = "handlers", operation_id = "show_handler", security(("token" = ["tasker.handler:show"])), params(("namespace" = String, Path, description = "The namespace."), ("name" = String, Path, description = "The name."), VersionQuery),
    responses((status = 200, body = OneHandler), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(
    State(app): State<App>,
    Path((namespace, name)): Path<(String, String)>,
    Params(query): Params<VersionQuery>,
) -> Result<Json<OneHandler>, Refusal> {
    let found = app.client.template(&namespace, &name, query.wanted()).await;
    let template = match found {
        Err(error) if error.kind == ErrorKind::UnknownNamedTask => {
            named_tasks(&app, &namespace).await?;
            let refusal = Refusal::new(ErrorKind::NotFound, error.message);
            return Err(refusal.with_error("Handler not found in namespace"));
        }
        found => found?,
    };
    Ok(Json(OneHandler {
        handler: HandlerBody {
            full_name: format!("{}.{}@{}", template.namespace, template.name, template.version),
            available: true,
            step_templates: step_templates(&template),
            dependency_graph: dependency_graph(&template)?,
            namespace: template.namespace,
            name: template.name,
            version: template.version,
            description: template.description,
        },
        generated_at: Utc::now(),
    }))
}

fn names<'t>(template: &'t CompiledTemplate, numbers: &[i32]) -> Vec<&'t str> {
    let step = |number: &i32| {
        usize::try_from(number - 1)
            .ok()
            .and_then(|place| template.steps.get(place))
    };
    numbers
        .iter()
        .filter_map(step)
        .map(|step| step.name.as_str())
        .collect()
}

fn step_templates(template: &CompiledTemplate) -> Vec<Value> {
    let one = |step: &tasker_core::template::CompiledStep| {
        let parents = names(template, &step.parents);
        json!({
            "name": step.name,
            "description": step.description,
            "dependent_system": step.dependent_system,
            "depends_on_step": parents.first().filter(|_| parents.len() == 1),
            "depends_on_steps": parents,
            "default_retryable": step.retryable,
            "default_retry_limit": step.retry_limit,
            "skippable": step.skippable,
            "handler": step.handler,
            "handler_class": step.handler,
            "handler_config": step.config,
        })
    };
    template.steps.iter().map(one).collect()
}

fn dependency_graph(template: &CompiledTemplate) -> Result<Value, Refusal> {
    let node = |step: &tasker_core::template::CompiledStep| json!({"id": step.name, "name": step.name, "type": "step", "handler_class": step.handler, "configuration": step.config});
    let edge = |step: &tasker_core::template::CompiledStep| -> Vec<Value> {
        let parents = names(template, &step.parents).into_iter();
        parents
            .map(|parent| json!({"from": parent, "to": step.name, "type": "dependency"}))
            .collect()
    };
    let shape = template.graph().shape();
    let shape = shape.map_err(|_| Refusal::new(ErrorKind::Internal, "the steps wait for each other"))?;
    let order = shape.order.iter().filter_map(|place| template.steps.get(*place));
    Ok(json!({
        "nodes": template.steps.iter().map(node).collect::<Vec<_>>(),
        "edges": template.steps.iter().flat_map(edge).collect::<Vec<_>>(),
        "execution_order": order.map(|step| step.name.as_str()).collect::<Vec<_>>(),
    }))
}
