//! What happens after a failure: whether a step is tried again, and after how long.
//!
//! Pure: chance comes in as a number, the time as an instant that somebody else reads. The formulas are those of
//! `docs/reference/` (backoff); `tests/vectors/backoff.json` holds every implementation of them to the same numbers.

mod backoff;
mod decision;
mod policy;

pub use backoff::backoff_seconds;
pub use decision::{Decision, decide};
pub use policy::{RetryPolicy, Strategy};
