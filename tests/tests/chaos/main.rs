//! Processes and servers that are killed, stopped and continued under load. Whatever happens: no step is lost, none is
//! recorded twice, no effect takes place twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod away;
mod invariants;
mod killed;
mod mutants;
mod poison;
mod restarts;
mod stage;
