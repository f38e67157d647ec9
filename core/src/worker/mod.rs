//! The worker: pull → hand over → report.
//!
//! Six things go on at once, each in its file: the [`dispatcher`] claims when the buffer runs low, two [`flusher`]s
//! report outcomes and take the next steps in return, the [`heartbeat`] has a thread of its own and reaps the dead, the
//! [`listener`] hears hints, [`deadlines`] end what takes too long, [`maintenance`] looks after the trail's partitions and
//! prunes. What they share is the [`ledger`]: everything this
//! process holds, under one lock. [`Worker::poll`] and [`Worker::complete`] are all that a language sees; the engine never
//! calls user code on its own threads.

mod capacity;
mod core;
mod counting;
mod deadlines;
mod definitions;
mod dispatcher;
mod drain;
mod flusher;
mod handover;
mod heartbeat;
mod invocation;
mod ledger;
#[cfg(test)]
mod ledger_tests;
mod line;
mod listener;
mod maintenance;
mod options;
mod prepare;
mod reaping;
mod reconcile;
mod running;
mod side_lane;
mod sweeps;

pub(crate) use deadlines::timed_out;
pub(crate) use flusher::{rolled_back, stored};
pub use invocation::Invocation;
pub use options::WorkerOptions;
pub(crate) use prepare::{Reported, check_context, invocation_of};
pub use running::{Worker, WorkerStatus};
