//! GraphiQL: a page to ask on, in development. Its files come from where npm installed it, and from nowhere else.

use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, Refusal};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;
use tasker_core::{Error, ErrorKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// What installs the files that are needed: the last versions that are one file each, without a bundler.
const INSTALL: &str = "npm install graphiql@3 react@18 react-dom@18";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
/// What is served of a folder `node_modules`, under which name.
const FILES: [(&str, &str, &str); 4] = [
    ("react.js", SCRIPT, "react/umd/react.production.min.js"),
    (
        "react-dom.js",
        SCRIPT,
        "react-dom/umd/react-dom.production.min.js",
    ),
    ("graphiql.js", SCRIPT, "graphiql/graphiql.min.js"),
    ("graphiql.css", STYLE, "graphiql/graphiql.min.css"),
];
const PAGE: &str = include_str!("graphiql/page.html");
const START: &str = include_str!("graphiql/start.js");
const START_STYLE: &str = include_str!("graphiql/start.css");
/// Stands in the page and in its policy, for what is made anew each time.
const NONCE: &str = "NONCE";
/// Nothing of another place is loaded, nothing is sent to one, and no other site shows it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-NONCE'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// GraphiQL, as npm installed it. It is read once: what changes in the folder later is not served.
#[derive(Clone)]
pub struct Graphiql(Arc<[(&'static str, &'static str, Bytes)]>);

impl fmt::Debug for Graphiql {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|(name, ..)| name))
            .finish()
    }
}

impl Graphiql {
    /// Reads it out of a folder `node_modules`, where `npm install graphiql@3 react@18 react-dom@18` put it.
    ///
    /// # Errors
    /// `ConfigInvalid` where a file is missing.
    pub fn read(node_modules: &FilePath) -> Result<Self, Error> {
        let read = |(name, kind, file): (&'static str, &'static str, &str)| {
            let path = node_modules.join(file);
            match std::fs::read(&path) {
                Ok(bytes) => Ok((name, kind, Bytes::from(bytes))),
                Err(error) => Err(Error::new(
                    ErrorKind::ConfigInvalid,
                    format!(
                        "GraphiQL needs {}, which cannot be read: {error}. Give the folder node_modules that this makes: {INSTALL}",
                        path.display()
                    ),
                )
                .with_source(error)),
            }
        };
        FILES.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// The page, where there is one.
///
/// # Errors
/// `NotFound` where there is none: how there would be.
pub(super) fn page(app: &App) -> Result<Response, Refusal> {
    if app.options.graphql.graphiql.is_none() {
        return Err(no_page());
    }
    let nonce = Uuid::now_v7().simple().to_string();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.replace(NONCE, &nonce)),
        // The nonce counts once.
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, PAGE.replace(NONCE, &nonce)).into_response())
}

fn no_page() -> Refusal {
    Refusal::new(
        ErrorKind::NotFound,
        format!(
            "there is no page to ask GraphQL on: for GraphiQL, run `{INSTALL}` and serve it with `tasker serve --graphiql node_modules`; \
             else ask by POST, or by GET with ?query="
        ),
    )
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(asset))
}

/// Give a part of the page of GraphiQL, where it is served.
#[utoipa::path(get, path = "/graphql/assets/{file}", tag = "graphql", operation_id = "graphiql_part", security(("token" = [])),
    params(("file" = String, Path, description = "Its name.", example = "start.js")),
    responses((status = 200, body = String, content_type = "text/javascript"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn asset(State(app): State<App>, Path(file): Path<String>) -> Result<Response, Refusal> {
    let Some(Graphiql(files)) = &app.options.graphql.graphiql else {
        return Err(no_page());
    };
    match file.as_str() {
        "start.js" => return Ok(([(header::CONTENT_TYPE, SCRIPT)], START).into_response()),
        "start.css" => return Ok(([(header::CONTENT_TYPE, STYLE)], START_STYLE).into_response()),
        _ => {}
    }
    match files.iter().find(|(name, ..)| *name == file) {
        Some((_, kind, bytes)) => {
            let headers = [
                (header::CONTENT_TYPE, *kind),
                (header::CACHE_CONTROL, "max-age=3600"),
            ];
            Ok((headers, bytes.clone()).into_response())
        }
        None => Err(Refusal::new(
            ErrorKind::NotFound,
            format!("the page of GraphiQL has no part '{file}'"),
        )),
    }
}
