//! GraphQL over HTTP.

use super::gate::{Gate, through};
use super::operate::Trace;
use super::shape::Shape;
use super::{events, graphiql, socket};
use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, Params, traceparent};
use crate::problem::{Problem, Refusal};
use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Variables};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tasker_core::ErrorKind;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get, post))
        .merge(graphiql::routes())
}

const HTML: &str = "text/html";
const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// A request of GraphQL.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// The text.
    query: String,
    /// Which operation of the text; needed where it has several.
    operation_name: Option<String>,
    /// The values of its variables.
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    /// For extensions of the protocol; nothing is read from it.
    #[serde(default)]
    #[allow(dead_code)]
    extensions: Option<Map<String, Value>>,
}

/// A request of GraphQL as a query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AskedByGet {
    /// The text: a query, never a mutation.
    query: String,
    /// Which operation of the text; needed where it has several.
    operation_name: Option<String>,
    /// The values of its variables: a JSON object.
    variables: Option<String>,
    /// For extensions of the protocol; nothing is read from it.
    #[allow(dead_code)]
    extensions: Option<String>,
}

/// What GraphQL answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    /// What was asked for; absent where the request could not be executed at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(super) data: Option<async_graphql::Value>,
    /// What went wrong, each with `message`, `path`, and `extensions`: `kind`, `code`, `retry`, `details` as in a problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub(super) errors: Vec<async_graphql::ServerError>,
}

impl From<async_graphql::Response> for Answer {
    fn from(response: async_graphql::Response) -> Self {
        // What was executed has data: no field of a root is required.
        let executed = response.data != async_graphql::Value::Null;
        Self {
            data: executed.then_some(response.data),
            errors: response.errors,
        }
    }
}

/// Ask GraphQL. What the schema has is in docs/reference/schema.graphql.
///
/// Each field takes the permission that its description names: one that is not granted is null, with an error. With
/// `Accept: text/event-stream` the answers come as events (graphql-sse, a connection for each operation): subscriptions are
/// asked for so.
#[utoipa::path(post, path = "/graphql", tag = "graphql", operation_id = "graphql", security(("token" = [])), request_body = Asked,
    responses((status = 200, content((Answer = "application/json"), (Answer = "application/graphql-response+json"), (String = "text/event-stream"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn post(
    State(app): State<App>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let asked = body.value()?;
    if asked.is_array() {
        return Err(Refusal::malformed(
            "the body: several requests at once are not taken; ask for several fields, under names of your own",
        ));
    }
    let asked: Asked =
        serde_json::from_value(asked).map_err(|error| Refusal::malformed(format!("the body: {error}")))?;
    let request = request(&app, asked)?;
    answer(&app, access, &headers, request).await
}

/// Ask GraphQL, by a query only: what changes something is sent by POST.
///
/// Where the server has websockets, an upgrade with the protocol `graphql-transport-ws` opens one. Where it has GraphiQL, a browser
/// (`Accept: text/html`) that gives no query is shown its page.
#[utoipa::path(get, path = "/graphql", tag = "graphql", operation_id = "graphql_get", security(("token" = [])), params(AskedByGet),
    responses((status = 200, content((Answer = "application/json"), (Answer = "application/graphql-response+json"), (String = "text/event-stream"), (String = "text/html"))),
        (status = 101, description = "A websocket."),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn get(State(app): State<App>, access: Access, request: HttpRequest) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    if socket::wanted(&parts.headers) {
        return upgrade(&app, access, parts).await;
    }
    if accepts(&parts.headers, HTML) && parts.uri.query().is_none() {
        return graphiql::page(&app);
    }
    let Params(asked) = Params::<AskedByGet>::from_request_parts(&mut parts, &app).await?;
    let variables = asked
        .variables
        .as_deref()
        .filter(|text| !text.is_empty())
        .map(|text| crate::extract::json(text.as_bytes()))
        .transpose()?;
    let variables = variables
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| Refusal::malformed(format!("variables: {error}")))?;
    let asked = Asked {
        query: asked.query,
        operation_name: asked.operation_name,
        variables,
        extensions: None,
    };
    let mut request = self::request(&app, asked)?;
    if Shape::of(&mut request)?.is(OperationType::Mutation) {
        return Err(Refusal::new(
            ErrorKind::InvalidArgument,
            "a mutation is sent by POST: GET changes nothing",
        )
        .with_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    answer(&app, access, &parts.headers, request).await
}

async fn upgrade(app: &App, access: Access, mut parts: Parts) -> Result<Response, Refusal> {
    if !app.options.graphql.websocket {
        return Err(Refusal::malformed(
            "there are no websockets here: subscribe by POST with Accept: text/event-stream",
        ));
    }
    match WebSocketUpgrade::from_request_parts(&mut parts, app).await {
        Ok(upgrade) => socket::open(app, access, &parts, upgrade),
        Err(rejection) => Err(Refusal::malformed(rejection.body_text()).with_status(rejection.status())),
    }
}

/// The request that is asked for.
///
/// # Errors
/// 413 where its text is too long.
pub(super) fn request(app: &App, asked: Asked) -> Result<Request, Refusal> {
    let most = app.options.graphql.query_bytes;
    if asked.query.len() > most {
        return Err(Refusal::malformed(format!(
            "query: its text is longer than {most} bytes; give what is large as variables"
        ))
        .with_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let variables = Variables::from_json(Value::Object(asked.variables.unwrap_or_default()));
    let mut request = Request::new(asked.query).variables(variables);
    request.operation_name = asked.operation_name;
    Ok(request)
}

/// Whether a request asks for a subscription.
pub(super) fn follows(request: &mut Request) -> bool {
    Shape::of(request).is_ok_and(|shape| shape.is(OperationType::Subscription))
}

async fn answer(
    app: &App,
    access: Access,
    headers: &HeaderMap,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (graphql, most) = (&app.graphql, app.options.graphql.objects);
    request = request.data(Trace(traceparent(headers)));
    let as_events = accepts(headers, events::EVENT_STREAM);
    if as_events && follows(&mut request) {
        let gate = Gate::lasting(access, most);
        let stop = app.options.stop.clone();
        return Ok(events::follow(graphql, through(request, gate, app), stop));
    }
    let gate = Gate::once(access, most);
    let response = graphql.execute(through(request, gate, app)).await;
    Ok(if as_events {
        events::whole(response)
    } else {
        respond(response, accepts(headers, GRAPHQL_JSON))
    })
}

/// Whether a header `Accept` names a media type.
fn accepts(headers: &HeaderMap, media: &str) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .any(|one| {
            let essence = one.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case(media)
        })
}

fn respond(response: async_graphql::Response, newer: bool) -> Response {
    let answer = Answer::from(response);
    // Only the newer media type tells by the status; the older one is 200 for whatever GraphQL itself has read.
    let status = if newer && answer.data.is_none() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    let mut response = (status, body).into_response();
    let media = if newer { GRAPHQL_JSON } else { JSON };
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
