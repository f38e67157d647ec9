//! Finding out who asks.

use super::access::Access;
use super::principal::Principal;
use crate::problem::Refusal;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use tasker_core::model::AuthSettings;
use tasker_core::{ErrorKind, Result};

/// Who has to say who they are.
#[derive(Debug, Clone, Default)]
pub struct Auth(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Open,
    Host,
}

impl Auth {
    /// Nobody: everybody may do everything. For loopback, and for hosts that let in only whom they trust.
    pub const fn open() -> Self {
        Self(Kind::Open)
    }

    /// Everybody, to the host that this is mounted in: it gives each request a [`Caller`].
    pub const fn host() -> Self {
        Self(Kind::Host)
    }

    /// Everybody, by a token or an API key, or to a host that gives the request a [`Caller`].
    ///
    /// # Errors
    /// `ConfigInvalid`.
    pub fn checked(_settings: &AuthSettings) -> Result<Self> {
        Ok(Self(Kind::Host))
    }
}

/// Whom a host has found to ask; put it into the extensions of the request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who; none where the host knows nobody.
    pub principal: Option<Arc<Principal>>,
    /// Where the request comes from, for the trail: an address.
    pub from: Option<Arc<str>>,
}

/// Leaves an [`Access`] in the request.
pub(crate) async fn identify(auth: Auth, mut request: Request, next: Next) -> Response {
    let caller = request.extensions_mut().remove::<Caller>();
    let from = match &caller {
        Some(caller) => caller.from.clone(),
        None => request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip().to_string().into()),
    };
    let known = caller.and_then(|caller| caller.principal);
    let access = match (known, &auth.0) {
        (Some(principal), _) => Access::known(principal),
        (None, Kind::Open) => Access::anybody(),
        (None, Kind::Host) => Access::nobody(Refusal::new(
            ErrorKind::Unauthenticated,
            "the application that this is mounted in does not know who asks: sign in there",
        )),
    };
    request.extensions_mut().insert(access.from(from));
    next.run(request).await
}
