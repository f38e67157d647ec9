//! The verbs of the engine, one file each, on a [`Client`].
//!
//! Each verb opens the client where that has not happened, runs one transaction, and wakes whoever may go on because of
//! it. A deadlock or a serialization failure repeats the transaction.

mod analysis;
mod annotate;
mod api_keys;
mod bulk;
mod cancel;
mod client;
mod create;
mod doctor;
mod handover;
mod list;
mod open;
mod pause;
mod prune;
mod read;
mod records;
mod refused;
mod register;
mod request;
mod resolve;
mod retry;
mod same_database;
mod update;
mod wait;
mod wake;
mod why;

pub use client::{Client, ClientOptions};
pub(crate) use handover::{Hungry, Offer};
pub(crate) use list::unknown_template;
pub use refused::RefusedRequests;
pub(crate) use request::complete_request;
pub(crate) use same_database::{KnownDatabase, elsewhere};
pub use update::WholeTask;
pub use wake::Wake;
