//! Templates: YAML text → checked → compiled into the plan that the database keeps.

mod compiled;

pub use compiled::{CompiledStep, CompiledTemplate, Warning};
