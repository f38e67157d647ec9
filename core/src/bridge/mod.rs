//! The seam that every language stands on: plain messages, poll and complete.
//!
//! A binding opens a [`Client`](crate::Client), starts a [`BridgeWorker`] with the names of its handlers, polls batches of
//! [`InvocationMessage`]s, runs them on its own threads, and reports batches of [`Outcome`](crate::model::Outcome)s. All
//! of it is serde data; JSON is the one encoding of payloads.
//!
//! A language without a runtime of its own holds an [`Engine`] instead, whose [`verbs`] are all that a client can do, and a
//! [`HostedWorker`]: both take and give JSON, and wait on the caller's thread.
//!
//! What happens on the host's own connection needs neither client nor worker: `prepare_…` gives statements, `read_…`
//! understands their rows, and [`testing`] runs whole workflows that way. A [`HostedSession`] is both of them in JSON.

mod analyze;
mod boundary;
mod draw;
mod engine;
mod hosted;
mod logs;
mod message;
mod port;
mod prepare;
mod process;
mod session;
pub mod testing;
mod transaction;
pub mod verbs;
mod worker;

pub use crate::store::{Foreign, Plan, Prepared};
pub use analyze::{analyze, shape};
pub use boundary::caught;
pub(crate) use boundary::panic_text;
pub use draw::draw;
pub use engine::Engine;
pub use hosted::HostedWorker;
pub use logs::{keep_logs, take_logs};
pub use message::{AttemptMessage, InvocationMessage, PollMessage};
pub use prepare::{
    prepare_complete, prepare_create, prepare_plan, prepare_results, read_created, read_plan, read_results,
};
pub use process::{Once, spawn, wait_for};
pub use session::HostedSession;
pub use worker::BridgeWorker;
