//! The service: routes, and what stands around all of them.

use crate::auth::{self, Guard};
use crate::extract::unsupported;
use crate::graphql::{self, Graphql};
use crate::health::Counted;
use crate::metrics::{Looks, Requests};
use crate::options::Options;
use crate::origins::host;
use crate::problem::Refusal;
use crate::rest::Creation;
use crate::{api_docs, health, metrics, openapi, rest};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;
use tasker_core::{Client, ErrorKind};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;

/// What every route has at hand.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) options: Arc<Options>,
    /// Tasks that are asked for one by one.
    pub(crate) creation: Creation,
    pub(crate) graphql: Graphql,
    /// The description of what is served, as JSON.
    pub(crate) document: Bytes,
    /// How many tasks and steps there were at the last look.
    pub(crate) counted: Arc<Mutex<Option<Counted>>>,
    /// The requests so far.
    pub(crate) requests: Arc<Requests>,
    /// What the database said of all processes at the last look.
    pub(crate) looks: Arc<Looks>,
}

impl FromRef<App> for Client {
    fn from_ref(app: &App) -> Self {
        app.client.clone()
    }
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that a request may bring: it goes into logs, and comes back with the answer.
const LONGEST_ID: usize = 200;
/// When a request came: its time runs from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began(pub(crate) Instant);

/// The HTTP interface of an engine.
///
/// Opens no connection by itself: the client does at the first request that needs one. Run it with [`serve`](crate::serve), or
/// nest it in a router of your own, with [`Options::prefix`] set to where it stands.
pub fn router(client: Client, options: Options) -> Router {
    let (routes, document) = routes(options.bulk_bytes).split_for_parts();
    let guard = Guard::new(&document);
    let origins = options.origins.clone();
    let app = App {
        graphql: graphql::over(client.clone(), &options.graphql),
        client,
        document: openapi::text(&document),
        options: Arc::new(options),
        creation: Creation::default(),
        counted: Arc::default(),
        requests: Arc::default(),
        looks: Arc::default(),
    };
    routes
        .fallback(nothing_there)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(app.options.body_bytes))
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(plain_or_gzip))
                .layer(RequestDecompressionLayer::new())
                .layer(MapRequestBodyLayer::new(Body::new)),
        )
        .layer(middleware::from_fn(move |request, next| {
            auth::admit(guard.clone(), origins.clone(), request, next)
        }))
        .layer(middleware::from_fn_with_state(app.clone(), auth::identify))
        .layer(middleware::from_fn_with_state(app.clone(), within_time))
        .layer(option_layer(app.options.origins.layer()))
        .layer(middleware::from_fn_with_state(app.clone(), from_here))
        .layer(
            ServiceBuilder::new()
                .map_request(with_a_plain_id)
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(TraceLayer::new_for_http())
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(CompressionLayer::new())
                .layer(CatchPanicLayer::custom(caught)),
        )
        .layer(middleware::from_fn_with_state(app.clone(), metrics::count))
        .with_state(app)
}

/// All routes that are described.
pub(crate) fn routes(bulk_bytes: usize) -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::about())
        .merge(rest::routes(bulk_bytes))
        .merge(graphql::routes())
        .merge(health::routes())
        .merge(openapi::routes())
        .merge(api_docs::routes())
        .merge(metrics::routes())
}

async fn nothing_there(uri: Uri) -> Refusal {
    Refusal::new(
        ErrorKind::NotFound,
        format!(
            "there is nothing at {}; /openapi.json has everything that there is",
            uri.path()
        ),
    )
}

async fn not_so(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        ErrorKind::InvalidArgument,
        format!(
            "{} does not take {method}; the header Allow has what it takes",
            uri.path()
        ),
    )
    .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// A request that takes too long is ended. What it had begun in the database is rolled back, but for the statement that runs just then,
/// which PostgreSQL may finish and commit although nobody waits for it, and for a creation that went together with those of others.
async fn within_time(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let limit = app.options.timeout;
    request.extensions_mut().insert(Began(Instant::now()));
    let once = request.method().is_safe() || request.headers().contains_key("idempotency-key");
    if let Ok(response) = tokio::time::timeout(limit, next.run(request)).await {
        return response;
    }
    let refusal = Refusal::new(
        ErrorKind::Timeout,
        format!("the request took longer than {} s", limit.as_secs_f64()),
    );
    if once { refusal } else { refusal.perhaps_done() }.into_response()
}

/// A body is taken as it is, or as gzip has it; what says that it is something else is not read as though it were not.
async fn plain_or_gzip(request: Request, next: Next) -> Response {
    let mut said = request.headers().get_all(header::CONTENT_ENCODING).iter();
    match (said.next().map(HeaderValue::as_bytes), said.next()) {
        (None | Some(b"gzip" | b"identity"), None) => next.run(request).await,
        _ => unsupported("the body is encoded in a way that is not taken here: send it as it is, or with Content-Encoding: gzip")
            .into_response(),
    }
}

/// Takes away an id that is too long, or that a log could be misread by: the request gets another.
fn with_a_plain_id(mut request: Request) -> Request {
    let mut given = request.headers().get_all(REQUEST_ID).iter();
    let plain = |id: &HeaderValue| {
        (1..=LONGEST_ID).contains(&id.len())
            && id
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte))
    };
    let (first, second) = (given.next(), given.next());
    if second.is_some() || !first.is_some_and(plain) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// Where only this machine is served, a page of another site must not get in under a name of its own.
async fn from_here(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.options.local_hosts_only {
        let host = host(request.uri(), request.headers());
        if !host.is_some_and(is_local) {
            return Refusal::new(
                ErrorKind::Forbidden,
                format!(
                    "this server is for this machine only, and was asked as '{}': use localhost or 127.0.0.1, or serve it to others \
                     (see tasker serve --help)",
                    host.unwrap_or_default()
                ),
            )
            .into_response();
        }
    }
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// Whether a host, with or without its port, is this machine.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn caught(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = text, "a request made a route panic");
    Refusal::new(ErrorKind::Panic, "a defect of Tasker: the log has what happened").into_response()
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_and_addresses_of_this_machine_are_local() {
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:80",
            "127.8.8.8",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com:8080",
            "10.0.0.1:8080",
            "[::2]",
            "127.0.0.1.nip.io",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
