//! How GraphQL behaves.

use super::graphiql::Graphiql;
use std::time::Duration;

/// How `/graphql` behaves.
#[derive(Debug, Clone)]
pub struct GraphqlOptions {
    /// How deep fields may stand inside each other.
    pub depth: usize,
    /// How much a query may cost: every field counts 1, and a list as many times as it may have members (ten, where it does not
    /// say how many).
    pub complexity: usize,
    /// How many objects an answer may have, counted while it is made.
    pub objects: usize,
    /// The longest text of a query, in bytes; variables are not counted.
    pub query_bytes: usize,
    /// Whether the schema may be asked for what it has.
    pub introspection: bool,
    /// How many subscriptions there may be at once in this process.
    pub subscriptions: usize,
    /// How often a subscription looks at its task, at the rarest.
    pub slowest_look: Duration,
    /// Whether GET of `/graphql` may become a websocket (`graphql-transport-ws`). A mount in a host has none.
    pub websocket: bool,
    /// How long a websocket may be open before its client begins (`connection_init`).
    pub websocket_init: Duration,
    /// GraphiQL, for a browser that asks for `/graphql` as a page.
    pub graphiql: Option<Graphiql>,
}

impl Default for GraphqlOptions {
    fn default() -> Self {
        Self {
            depth: 16,
            complexity: 50_000,
            objects: 50_000,
            query_bytes: 256 << 10,
            introspection: true,
            subscriptions: 100,
            slowest_look: Duration::from_secs(1),
            websocket: false,
            websocket_init: Duration::from_secs(10),
            graphiql: None,
        }
    }
}
