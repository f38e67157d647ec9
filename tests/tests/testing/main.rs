//! The testing kit: workflows on a connection and in a transaction of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod alone;
mod crashes;
mod driver;
mod faults;
mod handlers;
mod hosted;
mod seam;
mod support;
mod time;
