//! The door of every route: what it takes stands in the description of the route, as its `security`. A route that does not say
//! what it takes is shut for everybody.

use super::access::Access;
use super::permissions::is_permission;
use super::principal::Question;
use super::written::{step_text, task_text, worker_text};
use crate::extract::media_type;
use crate::origins::{Origins, host};
use crate::problem::Refusal;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::sync::Arc;
use tasker_core::ErrorKind;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, PathItem};

/// The name of the scheme in the description: a token, or an API key, as `Authorization: Bearer …`.
pub(crate) const SCHEME: &str = "token";

/// What a route takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Need {
    /// Nothing: probes.
    Nothing,
    /// To be known.
    Identity,
    /// All of these permissions, in which `{name}` stands for a part of the path.
    Permissions(Vec<String>),
}

/// What an operation takes of whoever asks, whether it has a query, and its headers.
#[derive(Debug, Clone)]
struct Door {
    need: Need,
    has_query: bool,
    headers: Vec<String>,
}

/// Headers that say when something is not to be done.
const CONDITIONS: [&str; 2] = ["if-match", "idempotency-key"];

/// What every route takes, by its path and method.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<HashMap<String, HashMap<Method, Door>>>);

impl Guard {
    /// Reads what the routes take from their description.
    pub(crate) fn new(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        Self(Arc::new(
            paths.map(|(path, item)| (path.clone(), doors(item))).collect(),
        ))
    }

    /// The paths that take nothing, by whatever method.
    pub(crate) fn open_paths(&self) -> Vec<String> {
        let open = |doors: &HashMap<Method, Door>| doors.values().all(|door| door.need == Need::Nothing);
        let paths = self.0.iter().filter(|(_, doors)| open(doors));
        paths.map(|(path, _)| path.clone()).collect()
    }

    /// The description of the route that was matched, wherever this is mounted: the longest path that the matched one ends with.
    fn route<'p>(&'p self, matched: &str) -> Option<(&'p str, &'p HashMap<Method, Door>)> {
        // Paths begin with a slash, so that no name is taken for the end of another.
        let ends = |path: &&String| matched.ends_with(path.as_str());
        let path = self.0.keys().filter(ends).max_by_key(|path| path.len())?;
        Some((path, self.0.get(path)?))
    }

    async fn admit(
        &self,
        access: &Access,
        matched: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let Some((path, doors)) = self.route(matched) else {
            return Err(shut(matched));
        };
        // HEAD is answered by what answers GET.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let Some(door) = doors.get(method) else {
            // The route answers what it takes: 405.
            return access.is_known();
        };
        match &door.need {
            Need::Nothing => Ok(()),
            Need::Identity => {
                access.is_known()?;
                door.looks_at(method, uri, headers)
            }
            Need::Permissions(scopes) => {
                access.is_known()?;
                let parts = parts(path, uri.path());
                let questions: Option<Vec<Question>> =
                    scopes.iter().map(|scope| question(scope, &parts)).collect();
                match questions {
                    Some(questions) if !questions.is_empty() => {
                        access.require(&questions).await?;
                        door.has(uri)?;
                        door.looks_at(method, uri, headers)
                    }
                    Some(_) => Err(shut(matched)),
                    None => Err(Refusal::new(
                        ErrorKind::NotFound,
                        format!("there is nothing at {}", uri.path()),
                    )),
                }
            }
        }
    }
}

impl Door {
    /// A query where there is none may mean what is not done: `DELETE /tasks/…?dry_run=true`. Probes and pages do not care.
    fn has(&self, uri: &Uri) -> Result<(), Refusal> {
        match uri.query() {
            Some(query) if !self.has_query && !query.is_empty() => Err(Refusal::malformed(format!(
                "the query: {} takes none, and this one is {query:?}",
                uri.path()
            ))),
            _ => Ok(()),
        }
    }

    /// Whoever sets a condition for a change relies on it: none is overlooked.
    fn looks_at(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let path = uri.path();
        let mut overlooked = CONDITIONS
            .iter()
            .filter(|name| headers.contains_key(**name) && !self.headers.iter().any(|own| own == *name));
        match overlooked.next() {
            Some(name) if !method.is_safe() => Err(Refusal::new(
                ErrorKind::InvalidArgument,
                format!("{method} {path} takes no header {name}, and nothing was done: leave it out"),
            )),
            _ => Ok(()),
        }
    }
}

fn shut(path: &str) -> Refusal {
    tracing::error!(
        path,
        "a route does not say what permission it takes, and stays shut"
    );
    Refusal::new(
        ErrorKind::Forbidden,
        format!("{path} does not say what permission it takes, and stays shut: a defect of Tasker"),
    )
}

fn doors(item: &PathItem) -> HashMap<Method, Door> {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
        (Method::OPTIONS, &item.options),
        (Method::TRACE, &item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        let parameters = operation.parameters.as_deref().unwrap_or_default();
        let of = |place: ParameterIn| parameters.iter().filter(move |one| one.parameter_in == place);
        let door = Door {
            need: need(operation),
            has_query: of(ParameterIn::Query).next().is_some(),
            headers: of(ParameterIn::Header)
                .map(|one| one.name.to_ascii_lowercase())
                .collect(),
        };
        Some((method, door))
    })
    .collect()
}

/// What an operation takes. Without `security` it is shut: permissions, and none of them.
fn need(operation: &Operation) -> Need {
    let Some(security) = &operation.security else {
        return Need::Permissions(Vec::new());
    };
    // The members of a requirement are private; its JSON is what the specification says.
    let required: Vec<HashMap<String, Vec<String>>> = security
        .iter()
        .filter_map(|requirement| serde_json::from_value(serde_json::to_value(requirement).ok()?).ok())
        .collect();
    match required.as_slice() {
        [only] if only.is_empty() => Need::Nothing,
        [only] => match only.get(SCHEME) {
            Some(scopes) if scopes.is_empty() => Need::Identity,
            Some(scopes) => Need::Permissions(scopes.clone()),
            None => Need::Permissions(Vec::new()),
        },
        _ => Need::Permissions(Vec::new()),
    }
}

/// The named parts of a path, read from its end, so that what it is mounted under does not count.
fn parts<'p>(template: &'p str, path: &'p str) -> HashMap<&'p str, String> {
    template
        .rsplit('/')
        .zip(path.rsplit('/'))
        .filter_map(|(name, text)| {
            let name = name.strip_prefix('{')?.strip_suffix('}')?;
            Some((name, percent_decode_str(text).decode_utf8_lossy().into_owned()))
        })
        .collect()
}

/// What is asked for by a scope at these parts of a path; none where there is no such permission.
fn question(scope: &str, parts: &HashMap<&str, String>) -> Option<Question> {
    let (resource, action) = scope.split_once(':')?;
    let action = match action.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => parts.get(name)?,
        None => action,
    };
    if !is_permission(resource, action) {
        return None;
    }
    let (own, of) = match resource {
        "tasker.task" => ("task_id", ""),
        "tasker.workflow_step" => ("step_id", "task_id"),
        "tasker.worker" => ("worker_id", ""),
        _ => ("name", "namespace"),
    };
    let mut question = Question::new(resource, action);
    question.resource_id = parts.get(own).map(|text| written(own, text));
    question.parent_id = parts.get(of).map(|text| written(of, text));
    Some(question)
}

/// A part of a path as it is written everywhere.
fn written(name: &str, text: &str) -> String {
    match name {
        "task_id" => task_text(text),
        "step_id" => step_text(text),
        "worker_id" => worker_text(text),
        _ => text.to_owned(),
    }
}

/// A browser may be led here by a page of another site, where nobody has to say who they are as well as where it says that by itself
/// (a cookie). Such a page changes nothing unless it is listed; and what a cookie changes has to be JSON from a page of this site
/// (`decisions.md` 45).
fn from_this_site(access: &Access, origins: &Origins, request: &Request) -> Result<(), Refusal> {
    if !access.is_borrowed() || request.method().is_safe() {
        return Ok(());
    }
    let headers = request.headers();
    let host = host(request.uri(), headers);
    if let Some(page) = origins.stranger(host, headers) {
        return Err(Refusal::new(
            ErrorKind::Forbidden,
            format!(
                "a page of {page} may change nothing at {}: it may if its origin is listed (tasker serve --allow-origin), or with \
                 an API key or a token",
                host.unwrap_or("a host without a name")
            ),
        ));
    }
    let same = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site.as_bytes() == b"same-origin");
    let json = media_type(headers).is_some_and(|media| media == "application/json");
    if !access.is_ambient() || (same && json) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorKind::Forbidden,
        "this may come from a page of another site: give the CSRF token that the host wants, or send application/json with \
         Sec-Fetch-Site: same-origin",
    ))
}

/// Lets in who may, and nobody else. Stands around every route; what is no route is answered by the fallback.
pub(crate) async fn admit(guard: Guard, origins: Origins, request: Request, next: Next) -> Response {
    let access = request.extensions().get::<Access>().cloned();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let Some(access) = access else {
        return shut(request.uri().path()).into_response();
    };
    let admitted = match &matched {
        None => access.is_known(),
        Some(matched) => {
            let admitted = guard
                .admit(
                    &access,
                    matched.as_str(),
                    request.method(),
                    request.uri(),
                    request.headers(),
                )
                .await;
            admitted.and_then(|()| from_this_site(&access, &origins, &request))
        }
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
