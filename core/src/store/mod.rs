//! The only room that knows SQL.
//!
//! A state change is a function in `migrations/`; what is called or read here is one named statement a file in `sql/`.
//! [`Store`] holds the pool and the statements in the caller's schema.

mod archive;
mod claims;
mod connect;
mod fault;
mod lists;
mod migrate;
mod operate;
mod pool;
mod read;
mod retention;
mod schema;
mod session;
mod statements;
mod tasks;
mod templates;
mod versions;
mod workers;

pub use archive::Archive;
pub use claims::{ClaimArguments, FailureBatch, FlushArguments, FlushRow, FlushStatus, StepKey};
pub(crate) use connect::run;
pub use connect::{Store, StoreOptions};
pub use fault::{ATTEMPT_LOST, STALE_PLAN, WORKER_NOT_ALIVE, is_retryable_conflict, sqlstate};
pub use migrate::MigrationReport;
pub use pool::{Held, Reservation};
pub use schema::SchemaName;
pub use session::Session;
pub use statements::Statements;
pub use tasks::Plan;
pub use workers::{StepDefinition, WorkerRow};
