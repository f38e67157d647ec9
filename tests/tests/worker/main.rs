//! The worker against a real database: what a language would see of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod basics;
mod support;
