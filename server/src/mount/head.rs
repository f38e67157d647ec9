//! The head of a request, as a host gives it.

use crate::auth::{Caller, Decide, Grants, Principal, Roles};
use crate::extract::Prefix;
use crate::problem::Refusal;
use axum::body::Body;
use axum::http::header::COOKIE;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use serde::Deserialize;
use std::sync::Arc;
use tasker_core::{Error, Result};

/// As much of a path and a query as there may be, in bytes: the server that `tasker serve` has takes no more.
const MOST_OF_TARGET: usize = 65_534;

/// The head of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    method: String,
    target: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    headers: Vec<(String, HeaderText)>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    principal: Option<HostPrincipal>,
}

/// The value of a header: its text, or its bytes where they are none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HeaderText {
    Text(String),
    Bytes(Vec<u8>),
}

impl HeaderText {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
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
    /// Why the request cannot be routed, with the status that `tasker serve` has for it.
    pub(super) fn too_long(&self) -> Option<Refusal> {
        (self.target.len() > MOST_OF_TARGET).then(|| {
            let told = format!("the path and the query are longer than {MOST_OF_TARGET} bytes");
            Refusal::malformed(told).with_status(StatusCode::URI_TOO_LONG)
        })
    }

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
            let value = HeaderValue::from_bytes(value.bytes())
                .map_err(|_| wrong("value of a header", &String::from_utf8_lossy(value.bytes())))?;
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
