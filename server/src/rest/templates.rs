//! Templates: what is registered, registering, checking, drawing.

use crate::app::App;
use crate::extract::{BodyFormat, Params, Path, bytes, json, unsupported};
use crate::page::{self, Pagination};
use crate::problem::{Problem, Refusal};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header as names};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::graph::{Direction, Drawing};
use tasker_core::model::{NamedTask, Registered, TaskId};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(validate))
        .routes(routes!(show))
        .routes(routes!(graph))
        .routes(routes!(task_graph))
}

/// Which templates.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct TemplateQuery {
    /// Only of this namespace.
    namespace: Option<String>,
    /// How many, 1 to 1,000; 100 unless given.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same namespace.
    cursor: Option<String>,
}

/// Templates.
#[derive(Debug, Serialize, ToSchema)]
struct ManyTemplates {
    /// By namespace and name, newest version first.
    templates: Vec<NamedTask>,
    /// Where this page stands.
    pagination: Pagination,
}

/// List the versions that are registered.
#[utoipa::path(get, path = "/templates", tag = "templates", operation_id = "list_templates", security(("token" = ["tasker.template:index"])), params(TemplateQuery),
    responses((status = 200, body = ManyTemplates), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn list(
    State(app): State<App>,
    Params(query): Params<TemplateQuery>,
) -> Result<Json<ManyTemplates>, Refusal> {
    let size = page::size(query.limit.map(i64::from), 1000)?.unwrap_or(100);
    let all = app.client.named_tasks(query.namespace.as_deref()).await?;
    let (templates, pagination) = page::part(all, query.cursor.as_deref(), size, |one| {
        one.named_task_id.to_string()
    })?;
    Ok(Json(ManyTemplates {
        templates,
        pagination,
    }))
}

/// How to register a template.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct RegisterQuery {
    /// Also content that was replaced before.
    force: bool,
    /// The section of `environments` that is merged in.
    environment: Option<String>,
}

/// What registering did.
#[derive(Debug, Serialize, ToSchema)]
struct Registration {
    /// The namespace.
    namespace: String,
    /// The name.
    name: String,
    /// The version.
    version: String,
    /// What happened.
    registered: Registered,
    /// What is allowed and probably not meant.
    warnings: Vec<String>,
}

/// Register a template: YAML (`application/yaml`), or the same as JSON.
///
/// `${VARIABLE}` is not filled: the environment of the server is nobody's business.
#[utoipa::path(post, path = "/templates", tag = "templates", operation_id = "register_template", security(("token" = ["tasker.template:register"])), params(RegisterQuery),
    request_body(content(
        (Object = "application/json", example = json!({"name": "greet", "namespace_name": "demo", "version": "1.0.0", "step_templates": [{"name": "hello", "handler": "demo.greet.hello"}]})),
        (String = "application/yaml", example = "name: greet\nnamespace_name: demo\nversion: 1.0.0\nstep_templates:\n  - name: hello\n    handler: demo.greet.hello\n"))),
    responses((status = 200, body = Registration), (status = 201, body = Registration, description = "The version is new."), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn register(
    State(app): State<App>,
    Params(query): Params<RegisterQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Registration>), Refusal> {
    let template = compile(request, &app, query.environment).await?;
    let registered = app.client.register_template(&template, query.force).await?;
    let status = if registered == Registered::New {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let warnings = template
        .warnings
        .iter()
        .map(|warning| warning.message.as_str())
        .chain(registered.warning())
        .map(str::to_owned)
        .collect();
    let answer = Registration {
        namespace: template.namespace,
        name: template.name,
        version: template.version,
        registered,
        warnings,
    };
    Ok((status, Json(answer)))
}

/// What a template compiles to.
#[derive(Debug, Serialize, ToSchema)]
struct Validated {
    /// Whether it can be registered: true, else the answer is a problem.
    valid: bool,
    /// The template, compiled.
    #[schema(value_type = Object)]
    template: CompiledTemplate,
    /// What is allowed and probably not meant.
    warnings: Vec<String>,
}

/// Check a template, and change nothing.
#[utoipa::path(post, path = "/templates/validate", tag = "templates", operation_id = "validate_template", security(("token" = ["tasker.template:register"])), params(RegisterQuery),
    request_body(content(
        (Object = "application/json", example = json!({"name": "greet", "namespace_name": "demo", "version": "1.0.0", "step_templates": [{"name": "hello", "handler": "demo.greet.hello"}]})),
        (String = "application/yaml", example = "name: greet\nnamespace_name: demo\nversion: 1.0.0\nstep_templates:\n  - name: hello\n    handler: demo.greet.hello\n"))),
    responses((status = 200, body = Validated), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn validate(
    State(app): State<App>,
    Params(query): Params<RegisterQuery>,
    request: Request,
) -> Result<Json<Validated>, Refusal> {
    let template = compile(request, &app, query.environment).await?;
    let warnings = template
        .warnings
        .iter()
        .map(|warning| warning.message.clone())
        .collect();
    Ok(Json(Validated {
        valid: true,
        template,
        warnings,
    }))
}

async fn compile(
    request: Request,
    app: &App,
    environment: Option<String>,
) -> Result<CompiledTemplate, Refusal> {
    let format = match BodyFormat::of(request.headers()) {
        Some(format @ (BodyFormat::Json | BodyFormat::Yaml)) => format,
        Some(BodyFormat::JsonLines) | None => {
            return Err(unsupported(
                "the body has to be a template, in YAML with the header Content-Type: application/yaml, or in JSON with \
                 Content-Type: application/json",
            ));
        }
    };
    let bytes = bytes(request, app).await?;
    let options = ParseOptions {
        file: None,
        environment,
        variables: &|_| None,
    };
    let compiled = if format == BodyFormat::Yaml {
        Template::parse_bytes(&bytes, &options)
    } else {
        Template::from_json(&json(&bytes)?, &options)
    };
    Ok(compiled.map_err(tasker_core::Error::from)?)
}

/// Which version.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VersionQuery {
    /// The version; the latest unless given, or `latest`.
    version: Option<String>,
}

impl VersionQuery {
    /// The version that is asked for, unless that is the latest.
    pub(super) fn wanted(&self) -> Option<&str> {
        not_latest(self.version.as_deref())
    }
}

fn not_latest(version: Option<&str>) -> Option<&str> {
    version.filter(|version| *version != "latest")
}

/// A template alone.
#[derive(Debug, Serialize, ToSchema)]
struct OneTemplate {
    /// The template, compiled.
    #[schema(value_type = Object)]
    template: CompiledTemplate,
}

/// Show a template as it is registered.
#[utoipa::path(get, path = "/templates/{namespace}/{name}", tag = "templates", operation_id = "show_template", security(("token" = ["tasker.template:show"])), params(("namespace" = String, Path, description = "The namespace."), ("name" = String, Path, description = "The name."), VersionQuery),
    responses((status = 200, body = OneTemplate), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn show(
    State(app): State<App>,
    Path((namespace, name)): Path<(String, String)>,
    Params(query): Params<VersionQuery>,
) -> Result<Json<OneTemplate>, Refusal> {
    let template = find(&app, &namespace, &name, query.wanted()).await?;
    Ok(Json(OneTemplate { template }))
}

async fn find(
    app: &App,
    namespace: &str,
    name: &str,
    version: Option<&str>,
) -> Result<CompiledTemplate, Refusal> {
    let found = app.client.template(namespace, name, version).await;
    found.map_err(|error| Refusal::from(error).of_path())
}

/// How to draw a graph.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct GraphQuery {
    /// `json`, `mermaid`, `dot` or `svg`; `json` unless given.
    #[param(inline)]
    format: Format,
    /// The version; the latest unless given, or `latest`.
    version: Option<String>,
}

/// How to draw the graph of a task: it has its version.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct TaskGraphQuery {
    /// `json`, `mermaid`, `dot` or `svg`; `json` unless given.
    #[param(inline)]
    format: Format,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Mermaid,
    Dot,
    Svg,
}

/// Draw the steps of a template and what they wait for.
#[utoipa::path(get, path = "/templates/{namespace}/{name}/graph", tag = "templates", operation_id = "template_graph", security(("token" = ["tasker.template:show"])), params(("namespace" = String, Path, description = "The namespace."), ("name" = String, Path, description = "The name."), GraphQuery),
    responses((status = 200, content((Value = "application/json"), (String = "image/svg+xml"), (String = "text/plain"))), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn graph(
    State(app): State<App>,
    Path((namespace, name)): Path<(String, String)>,
    Params(query): Params<GraphQuery>,
) -> Result<Response, Refusal> {
    let template = find(&app, &namespace, &name, not_latest(query.version.as_deref())).await?;
    let graph = template.graph();
    let names: Vec<&str> = template.steps.iter().map(|step| step.name.as_str()).collect();
    let title = format!("{}.{}@{}", template.namespace, template.name, template.version);
    draw(&graph, &names, &[], query.format, &title)
}

/// Draw the steps of a task, with their states.
#[utoipa::path(get, path = "/tasks/{task_id}/graph", tag = "tasks", operation_id = "task_graph", security(("token" = ["tasker.task:show"])), params(("task_id" = uuid::Uuid, Path, description = "The task."), TaskGraphQuery),
    responses((status = 200, content((Value = "application/json"), (String = "image/svg+xml"), (String = "text/plain"))), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn task_graph(
    State(app): State<App>,
    Path(task_id): Path<TaskId>,
    Params(query): Params<TaskGraphQuery>,
) -> Result<Response, Refusal> {
    let task = app.client.task(task_id).await?;
    let steps = app.client.steps(task_id).await?;
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let states: Vec<_> = steps.iter().map(|step| Some(step.status)).collect();
    let place = |number: &i32| usize::try_from(number - 1).unwrap_or(usize::MAX);
    let parents = steps
        .iter()
        .map(|step| step.parents_ids.iter().map(place).collect())
        .collect();
    let graph = tasker_core::graph::Graph::from_parents(parents);
    draw(
        &graph,
        &names,
        &states,
        query.format,
        &format!("{} {}", task.full_name, task.task_id),
    )
}

fn draw(
    graph: &tasker_core::graph::Graph,
    names: &[&str],
    states: &[Option<tasker_core::model::State>],
    format: Format,
    title: &str,
) -> Result<Response, Refusal> {
    let drawing = Drawing {
        graph,
        names,
        states,
        direction: Direction::Down,
    };
    let in_a_circle = |_| Refusal::new(ErrorKind::Internal, "the steps wait for each other");
    let (media, text) = match format {
        Format::Json => return Ok(Json(shape(graph, names, states).map_err(in_a_circle)?).into_response()),
        Format::Mermaid => ("text/plain; charset=utf-8", drawing.to_mermaid()),
        Format::Dot => ("text/plain; charset=utf-8", drawing.to_dot()),
        Format::Svg => (
            "image/svg+xml",
            drawing.to_svg_that_fits(title).map_err(in_a_circle)?,
        ),
    };
    let mut response = text.into_response();
    response
        .headers_mut()
        .insert(names::CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(response)
}

/// Nodes, edges and levels, numbers from 0.
fn shape(
    graph: &tasker_core::graph::Graph,
    names: &[&str],
    states: &[Option<tasker_core::model::State>],
) -> Result<Value, tasker_core::graph::Cycle> {
    let shape = graph.shape()?;
    let critical = graph.critical_path(|_| 1.0)?;
    let nodes: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let mut node = json!({"step_no": place + 1, "name": name, "level": shape.levels.get(place)});
            if let Some(Some(state)) = states.get(place) {
                node["status"] = json!(state);
            }
            node
        })
        .collect();
    let edges: Vec<Value> = (0..names.len())
        .flat_map(|child| {
            graph
                .parents(child)
                .iter()
                .map(move |parent| json!({"from": parent + 1, "to": child + 1}))
        })
        .collect();
    Ok(json!({
        "nodes": nodes,
        "edges": edges,
        "depth": shape.depth(),
        "width": shape.width,
        "critical_path": critical.nodes.iter().map(|place| place + 1).collect::<Vec<_>>(),
    }))
}
