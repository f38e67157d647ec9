//! The seam that every language stands on: plain messages, poll and complete.
//!
//! A binding opens a [`Client`](crate::Client), starts a [`BridgeWorker`] with the names of its handlers, polls batches of
//! [`InvocationMessage`]s, runs them on its own threads, and reports batches of [`Outcome`](crate::model::Outcome)s. All
//! of it is serde data; JSON is the one encoding of payloads.

mod message;
mod prepare;
mod worker;

pub use message::{AttemptMessage, InvocationMessage, PollMessage};
pub use prepare::{Prepared, prepare_complete};
pub use worker::BridgeWorker;
