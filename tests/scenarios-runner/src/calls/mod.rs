//! Executions of handlers: [`record`] reads what the workers left, [`evaluate`] answers `calls`, `not_called`, `order`,
//! `overlap`, `no_overlap` and `gaps` from it.

mod evaluate;
mod record;

pub use evaluate::Evaluation;
pub use record::{Execution, read};
