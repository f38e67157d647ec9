//! The head of a request, as a host gives it.

use crate::auth::{Caller, Decide, Grants, Principal, Roles};
use crate::extract::Prefix;
use axum::body::Body;
use axum::http::header::COOKIE;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde::Deserialize;
use std::sync::Arc;
use tasker_core::{Error, Result};

/// The head of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    method: String,
    target: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    principal: Option<HostPrincipal>,
}

/// Who asks, as the host says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostPrincipal {
    name: Option<String>,
    roles: Vec<String>,
    permissions: Vec<String>,
    decides: bool,
    ambient: Option<bool>,
}

impl Head {
    /// The request with this body. `decide` asks the host, where it wants to be.
    pub(super) fn request(self, body: Body, roles: &Roles, decide: Arc<dyn Decide>) -> Result<Request<Body>> {
        let wrong = |what: &str, text: &str| {
            Error::invalid_argument(format!("the head of a request: '{text}' is no {what}"))
        };
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|_| wrong("method", &self.method))?;
        let target = if self.target.is_empty() { "/" } else { &self.target };
        let uri: Uri = target.parse().map_err(|_| wrong("path with a query", target))?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        for (name, value) in &self.headers {
            let header: HeaderName = name.parse().map_err(|_| wrong("name of a header", name))?;
            let value =
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong("value of a header", value))?;
            request.headers_mut().append(header, value);
        }
        let has_cookie = request.headers().contains_key(COOKIE);
        let principal = self.principal.map(|host| {
            Arc::new(Principal {
                name: host.name,
                grants: if host.decides {
                    Grants::Asked(decide)
                } else {
                    Grants::Listed(roles.grants(&host.roles, host.permissions))
                },
                // A host that does not say how it knows may have it from a cookie.
                ambient: host.ambient.unwrap_or(has_cookie),
            })
        });
        let extensions = request.extensions_mut();
        extensions.insert(Prefix(self.prefix.trim_end_matches('/').into()));
        extensions.insert(Caller {
            principal,
            from: self.from.map(Into::into),
        });
        Ok(request)
    }
}
