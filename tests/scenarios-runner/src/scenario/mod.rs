//! Scenario files: found, read, refused where they are wrong, and turned into [`Scenario`].
//!
//! [`discover`] finds files and reads them all; [`yaml`] makes JSON of YAML; [`shape`] holds it against the JSON Schema;
//! [`meaning`] finds what a schema cannot see; [`model`] is what is left.

mod discover;
mod meaning;
mod model;
mod reference;
mod shape;
mod yaml;

pub use discover::{Loaded, Refused, load_paths};
pub use model::{
    Action, CreateTask, ErrorTexts, Expect, Gap, Http, Operate, Pause, RegisterTemplate, RestartDatabase,
    Scenario, Sql, StartWorkers, StopSignal, StopWorkers, UpdateStep, Wait, Workers, parse,
};
pub use reference::{Names, StepReference};
