//! What a process counts of its own work: counters and histograms that only grow, of one client and its workers.
//!
//! Kept by the client and nowhere else: two clients in one process know nothing of each other. Recording is a few atomic
//! additions, without a lock or an allocation; a step finds its namespace's numbers through the plan that it shares. Who
//! shows them to Prometheus is the HTTP interface.

mod histogram;
mod process;
mod work;

pub use histogram::{Counter, Histogram, HistogramReading, Unit};
pub use process::{ClaimOutcome, ClaimSource, FlushKind, Flushes, Metrics, PoolOwner, PoolState, PoolUse};
pub use work::{AttemptOutcome, Work};

/// So many namespaces have numbers of their own; the rest share those of [`OTHER_NAMESPACES`].
pub const MOST_NAMESPACES: usize = 100;
/// The name that stands for all namespaces beyond [`MOST_NAMESPACES`].
pub const OTHER_NAMESPACES: &str = "other";
