//! The only room that knows SQL.
//!
//! A state change is a function in `migrations/`; what is called or read here is one named statement a file in `sql/`.
//! [`Store`] holds the pool and the statements in the caller's schema.

mod api_keys;
mod archive;
mod bulk;
mod claims;
mod connect;
mod definitions;
mod doctor;
mod fault;
mod foreign;
mod lists;
mod measure;
mod migrate;
mod operate;
mod pool;
mod prepared;
mod probe;
mod read;
mod records;
mod retention;
mod roles;
mod schema;
mod search;
mod search_conditions;
mod search_context;
mod session;
mod statements;
mod tasks;
mod templates;
mod versions;
mod workers;

pub use archive::{ARCHIVE_COLUMNS, Archive, ColumnKind};
pub use claims::{ClaimArguments, FailureBatch, FlushArguments, FlushRow, FlushStatus, StepKey};
pub(crate) use connect::run;
pub use connect::{Store, StoreOptions};
pub use definitions::{PlanDefinition, StepDefinition, Wanted};
pub(crate) use doctor::{
    HandlerFacts, IndexFacts, MaintenanceFacts, PartitionFacts, PauseFacts, SchemaFacts, ServerFacts,
    SlotFacts, SnapshotFacts, StepFacts, TableFacts, UpkeepFacts,
};
pub use fault::{
    ATTEMPT_LOST, STALE_PLAN, WORKER_NOT_ALIVE, database_error, is_retryable_conflict, sqlstate,
};
pub use foreign::{FailureText, Foreign};
pub use migrate::MigrationReport;
pub use pool::{Held, Reservation};
pub use prepared::{Prepared, only_value};
pub use roles::{RoleReport, RolesReport};
pub use schema::SchemaName;
pub(crate) use search::in_order;
pub use session::Session;
pub use statements::Statements;
pub use tasks::Plan;
pub use workers::WorkerRow;
