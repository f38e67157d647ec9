//! GraphQL, over a database each.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod authorization;
mod connections;
mod counting;
mod depth;
mod limits;
mod mutations;
mod page;
mod queries;
mod sockets;
mod subscriptions;
#[path = "../support/mod.rs"]
mod support;
