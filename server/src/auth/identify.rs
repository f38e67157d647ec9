//! Finding out who asks.

use super::access::Access;
use super::api_key::ApiKeys;
use super::principal::Principal;
use super::roles::Roles;
use super::token::Tokens;
use crate::app::App;
use crate::problem::Refusal;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use tasker_core::model::AuthSettings;
use tasker_core::{Client, ErrorKind, Result};

/// Who has to say who they are.
#[derive(Debug, Clone, Default)]
pub struct Auth(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Open,
    Host,
    Checked(Arc<Checks>),
}

/// How somebody is known.
#[derive(Debug)]
struct Checks {
    roles: Roles,
    tokens: Option<Tokens>,
    keys: Option<ApiKeys>,
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

    /// Everybody, by a token or an API key, as the settings have it; or to a host that gives the request a [`Caller`].
    ///
    /// # Errors
    /// `ConfigInvalid`.
    pub fn checked(settings: &AuthSettings) -> Result<Self> {
        Ok(Self(Kind::Checked(Arc::new(Checks {
            roles: Roles::new(settings.roles.clone(), settings.default_roles.clone())?,
            tokens: Tokens::new(settings)?,
            keys: settings.api_keys.then(ApiKeys::default),
        }))))
    }
}

impl Checks {
    /// What these headers bring to be known by.
    fn credential<'h>(&self, headers: &'h HeaderMap) -> std::result::Result<&'h str, Refusal> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let text = match (given.next(), given.next()) {
            (None, _) => {
                return Err(unauthenticated(format!(
                    "say who you are: Authorization: Bearer, with {}",
                    self.takes()
                )));
            }
            (Some(_), Some(_)) => {
                return Err(unauthenticated(
                    "there are several Authorization headers, and one is needed",
                ));
            }
            (Some(one), None) => one.to_str().unwrap_or_default().trim(),
        };
        match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Ok(rest.trim()),
            // The ancestor's clients send the token alone.
            None => Ok(text),
            Some(_) => Err(unauthenticated(format!(
                "the header Authorization has to be Bearer, with {}",
                self.takes()
            ))),
        }
    }

    /// Who has this.
    async fn principal(&self, client: &Client, credential: &str) -> std::result::Result<Principal, Refusal> {
        match (&self.keys, &self.tokens) {
            (Some(keys), _) if ApiKeys::is_one(credential) => {
                keys.principal(client, credential, &self.roles).await
            }
            (_, Some(tokens)) => tokens
                .principal(credential, &self.roles)
                .await
                .map_err(unauthenticated),
            _ => Err(unauthenticated(format!("this is not {}", self.takes()))),
        }
    }

    fn takes(&self) -> &'static str {
        match (&self.keys, &self.tokens) {
            (Some(_), Some(_)) => "a token or an API key",
            (Some(_), None) => "an API key",
            (None, _) => "a token",
        }
    }
}

/// What somebody brought to be known by. It is kept for what goes on for long: a token expires, and a key is revoked.
#[derive(Debug)]
pub(super) struct Brought {
    checks: Arc<Checks>,
    client: Client,
    credential: Credential,
}

/// A token or a key is not shown.
struct Credential(String);

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

impl Brought {
    /// Who has this now.
    pub(super) async fn access(self: &Arc<Self>) -> Access {
        match self.checks.principal(&self.client, &self.credential.0).await {
            Ok(principal) => Access::known(Arc::new(principal)).by(Arc::clone(self)),
            Err(refusal) => Access::nobody(refusal),
        }
    }
}

/// The refusal of somebody who is not known.
pub(super) fn unauthenticated(detail: impl Into<String>) -> Refusal {
    Refusal::new(ErrorKind::Unauthenticated, detail)
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
pub(crate) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let caller = request.extensions_mut().remove::<Caller>();
    let from = match &caller {
        Some(caller) => caller.from.clone(),
        None => request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip().to_string().into()),
    };
    let known = caller.and_then(|caller| caller.principal);
    let access = match (known, &app.options.auth.0) {
        (Some(principal), _) => Access::known(principal),
        (None, Kind::Open) => Access::anybody(),
        (None, Kind::Host) => Access::nobody(unauthenticated(
            "the application that this is mounted in does not know who asks: sign in there",
        )),
        (None, Kind::Checked(checks)) => match checks.credential(request.headers()) {
            Ok(credential) => {
                let brought = Brought {
                    checks: Arc::clone(checks),
                    client: app.client.clone(),
                    credential: Credential(credential.to_owned()),
                };
                Arc::new(brought).access().await
            }
            Err(refusal) => Access::nobody(refusal),
        },
    };
    request.extensions_mut().insert(access.from(from));
    next.run(request).await
}
