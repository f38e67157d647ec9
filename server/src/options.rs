//! How to behave.

use crate::auth::Auth;
use crate::graphql::GraphqlOptions;
use crate::origins::Origins;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How the HTTP interface behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The path that it is mounted under, for links: empty, or `/tasker`.
    pub prefix: String,
    /// The largest body of a request, in bytes. Bulk creation has [`Options::bulk_bytes`].
    pub body_bytes: usize,
    /// The largest body of a bulk creation that is one transaction, in bytes.
    pub bulk_bytes: usize,
    /// How long a request may take.
    pub timeout: Duration,
    /// Whether the `Host` of a request must be this machine: set where it listens on loopback, so that a page of another
    /// site cannot reach it under a name of its own (DNS rebinding).
    pub local_hosts_only: bool,
    /// Who has to say who they are.
    pub auth: Auth,
    /// Pages of other sites that may ask (CORS): none, unless there are some.
    pub origins: Origins,
    /// Cancelled when the server stops: what goes on for long then ends.
    pub stop: CancellationToken,
    /// How GraphQL behaves.
    pub graphql: GraphqlOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            body_bytes: 8 << 20,
            bulk_bytes: 256 << 20,
            timeout: Duration::from_secs(30),
            local_hosts_only: false,
            auth: Auth::open(),
            origins: Origins::default(),
            stop: CancellationToken::new(),
            graphql: GraphqlOptions::default(),
        }
    }
}
