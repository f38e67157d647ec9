//! Finding out who asks.

use super::access::Access;
use super::principal::Principal;
use crate::problem::Refusal;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use tasker_core::ErrorKind;

/// Who has to say who they are.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Nobody: everybody may do everything. For loopback, and for hosts that let in only whom they trust.
    #[default]
    Open,
    /// Everybody, to the host that this is mounted in: it gives each request a [`Caller`].
    Host,
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
    let access = match (known, &auth) {
        (Some(principal), _) => Access::known(principal),
        (None, Auth::Open) => Access::anybody(),
        (None, Auth::Host) => Access::nobody(Refusal::new(
            ErrorKind::Unauthenticated,
            "the application that this is mounted in does not know who asks: sign in there",
        )),
    };
    request.extensions_mut().insert(access.from(from));
    next.run(request).await
}
