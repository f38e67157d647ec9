//! Templates: YAML text → checked → compiled into the plan that the database keeps.
//!
//! The way of a template, in [`Template::parse`]: `yaml` reads it into a tree with places, `shape` checks keys and
//! types by the tables in `keys`, `environment` merges, `interpolate` fills `${…}`, `settle` checks what came out of
//! that, `dependencies` makes the graph, and what is left is read into a [`CompiledTemplate`]. Every mistake on the way
//! goes into one report.

mod checks;
mod compile;
mod compiled;
mod context_schema;
mod defaults;
mod dependencies;
mod diff;
mod digest;
mod document;
mod editor_schema;
mod environment;
mod interpolate;
mod keys;
mod names;
mod node;
mod place;
mod policy;
mod problem;
mod report;
mod scalar;
mod settle;
mod shape;

mod yaml;

pub use compile::{
    DEFAULT_NAMESPACE, DEFAULT_PRIORITY, DEFAULT_RETRY_LIMIT, DEFAULT_VERSION, ParseOptions, Template,
};
pub use compiled::{CompiledStep, CompiledTemplate, Warning};
pub use context_schema::{ContextProblem, ContextSchema, SchemaProblem, invalid_context};
pub use diff::{Content, FieldChange, StepDiff, StepMention, TemplateDiff};
pub use digest::digest;
pub(crate) use document::{Located, read_map};
pub use editor_schema::json_schema;
pub use interpolate::fill_config;
pub use problem::{Problem, ProblemCode, TemplateErrors};
