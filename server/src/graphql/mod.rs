//! GraphQL: the ancestor's schema, and more. Every field that leads to something else asks whether it may.
//!
//! Things that are found together stand in a set, and what one of a set is asked for is loaded for all of it, in one statement,
//! after one question to the host: so nothing is asked N times, and no timer is needed to collect what belongs together.

mod annotation;
mod catalogue;
mod connection;
mod errors;
mod events;
mod gate;
mod http;
mod inputs;
mod leading;
mod named;
mod node;
mod operate;
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
mod subscription;
mod task;
mod why;

pub(crate) use http::routes;
pub use options::GraphqlOptions;
pub(crate) use schema::{Graphql, over, sdl};
