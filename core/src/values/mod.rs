//! What may cross the seam between a language and the engine: JSON that every language and the database can carry,
//! and texts of errors, which are repaired rather than refused.

mod pointer;
mod read;
mod repair;
mod results;
mod scan;

pub use read::from_json;
pub use repair::{MAX_TEXT_BYTES, repair_failure, repair_text};
pub use results::{ValueProblem, ValueProblemCode, check_json, check_results};
