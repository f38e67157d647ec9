//! GraphQL: the ancestor's schema, and more. Every field that leads to something else asks whether it may.
//!
//! Things that are found together stand in a set, and what one of a set is asked for is loaded for all of it, in one statement,
//! after one question to the host: so nothing is asked N times, and no timer is needed to collect what belongs together.
//!
//! The fields of a query are polled inside each other, on one stack. So a future of the library stands on the heap (its feature
//! `boxed-trait`), and so does what a field waits for where that is large: else every level has room for all of it on the stack.

mod annotation;
mod catalogue;
mod connection;
mod errors;
mod events;
mod filter;
mod gate;
mod graphiql;
mod http;
mod inputs;
mod leading;
mod listing;
mod named;
mod named_set;
mod namespaces;
mod node;
mod operate;
mod operate_bulk;
mod operate_catalogue;
mod operate_steps;
mod options;
mod protocol;
mod query;
mod scalars;
mod schema;
mod shape;
mod socket;
mod step;
mod step_fields;
mod subscription;
mod task;
mod task_fields;
mod why;

pub use graphiql::Graphiql;
pub(crate) use http::routes;
pub use options::GraphqlOptions;
pub(crate) use schema::{Graphql, over, sdl};
