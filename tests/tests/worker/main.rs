//! The worker against a real database: what a language would see of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod attempts;
mod basics;
mod connections;
mod fairness;
mod poolers;
mod privileges;
mod refusals;
mod results;
mod retention;
mod seam;
mod stopping;
mod support;
mod timeouts;
mod transactions;
mod wake_ups;
