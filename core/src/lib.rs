//! The Tasker engine: workflows as directed acyclic graphs of steps, on PostgreSQL, inside your own process.
//!
//! The rooms, and who may import whom (a test enforces it):
//! `model, metrics ← graph, template, retry ← store, config ← engine ← worker, events ← bridge ← handler ← testing`.

pub mod bridge;
pub mod cluster;
pub mod config;
pub mod engine;
pub mod error;
pub mod graph;
pub mod handler;
pub mod metrics;
pub mod model;
pub mod retry;
pub mod store;
pub mod template;
pub mod testing;
pub mod values;
pub mod worker;

pub use engine::{Client, ClientOptions, RefusedRequests, WholeTask};
pub use error::{Error, ErrorKind, Result};
