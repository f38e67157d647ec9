//! What `tasker bench` runs, and how it measures: the contract is `docs/reference/bench.md`.
//!
//! [`run`] makes a schema of its own, lets a [`Workload`] loose on an engine in it (handlers registered as a user would),
//! reads what that cost (`measure`: commits, WAL, rows, CPU, memory), and does the same work by hand-written batch SQL
//! and by single commits on the same server (`yardstick`). The [`Report`] puts the one beside the other.
//!
//! [`soak`] is a run of another kind: an hour of even load, judged by whether anything grows.

mod backlog;
mod compare;
mod create;
mod direct;
mod graph_size;
mod hands;
mod http;
mod latency;
mod lists;
mod measure;
mod memory;
mod options;
mod progress;
mod report;
mod room;
mod run;
mod soak;
mod throughput;
mod web;
mod workers;
mod workload;
mod yardstick;

pub use hands::{Hands, Language};
pub use measure::statement_counter;
pub use options::Options;
pub use progress::Progress;
pub use report::Report;
pub use run::run;
pub use soak::{SoakOptions, SoakReport, soak};
pub use workers::serve_worker;
pub use workload::Workload;
