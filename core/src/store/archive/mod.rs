//! The archive that tasks are written to before they are deleted: files on disk, synced before the deletion commits.
//!
//! [`Archive`] takes the parts of tasks and keeps or gives up what it took, batch by batch. `lines` writes JSON lines, one file
//! a process and day; `tables` writes Parquet, one file a batch, with the columns that `columns` lists.

mod batches;
mod columns;
mod lines;
#[cfg(feature = "parquet")]
mod tables;

pub use batches::Archive;
pub use columns::{ARCHIVE_COLUMNS, ColumnKind};
