//! Tasker over HTTP: REST and its description, health and metrics, as a [`tower`] service without global state.
//!
//! [`router`] makes the service over a [`Client`]; [`serve`] runs it on a socket until it is told to stop. Whoever has a server
//! already mounts the router under a path of its own and tells it by [`Options::prefix`], so that links are right.
//!
//! Requests are read by [`extract`], refusals are [`Problem`]s, and each group of routes is a file in `rest/`, its description
//! beside its code.

mod api_docs;
mod app;
mod auth;
mod extract;
mod framing;
mod graphql;
mod health;
mod links;
mod metrics;
pub mod mount;
mod openapi;
mod options;
mod origins;
mod page;
mod problem;
mod rest;
mod serve;

pub use app::router;
pub use auth::{Auth, Caller, Decide, Grants, PERMISSIONS, Principal, Question, check_grant};
pub use graphql::{Graphiql, GraphqlOptions};
pub use metrics::metrics_reference;
pub use openapi::document;
pub use options::Options;
pub use origins::Origins;
pub use problem::{Problem, Refusal};
pub use serve::{ServeError, serve};

/// The schema of GraphQL, in its own language.
pub fn graphql_schema() -> String {
    graphql::sdl()
}
