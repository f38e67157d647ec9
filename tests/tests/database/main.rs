//! The engine's SQL, verb by verb, against a database each; and what two connections do to each other.
//!
//! Every test runs inside `support::on_database`, which checks the whole database at its end.

// In a test a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod actions;
mod analysis;
mod bulk;
mod bulk_steps;
mod claim;
mod complete;
mod cost;
mod create;
mod doctor;
mod fail;
mod lists;
mod migrate;
mod model;
mod operate;
mod parquet;
mod partitions;
mod plan;
mod property;
mod prune;
mod races;
mod records;
mod register;
mod roles;
mod session;
mod shortcuts;
mod support;
mod why;
mod window;
