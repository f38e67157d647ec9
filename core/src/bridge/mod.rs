//! The seam that every language stands on: plain messages, poll and complete.
//!
//! A binding opens a [`Client`](crate::Client), starts a [`BridgeWorker`] with the names of its handlers, polls batches of
//! [`InvocationMessage`]s, runs them on its own threads, and reports batches of [`Outcome`](crate::model::Outcome)s. All
//! of it is serde data; JSON is the one encoding of payloads.
//!
//! What happens on the host's own connection needs neither client nor worker: `prepare_…` gives statements, `read_…`
//! understands their rows, and [`testing`] runs whole workflows that way.

mod message;
mod prepare;
pub mod testing;
mod worker;

pub use crate::store::{Foreign, Plan, Prepared};
pub use message::{AttemptMessage, InvocationMessage, PollMessage};
pub use prepare::{
    prepare_complete, prepare_create, prepare_plan, prepare_results, read_created, read_plan, read_results,
};
pub use worker::BridgeWorker;
