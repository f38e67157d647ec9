//! What a release left behind: its schema and its statements, kept in `tests/versions/`, so that later code can be held
//! against them.

mod fixture;
mod script;
mod types;

pub use fixture::{Release, migrate, record};
pub use script::{Script, Variables};
pub use types::{StatementTypes, check_statements, describe};
