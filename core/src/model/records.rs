//! The records behind tasks and steps: what they are instances of, and what else is kept of them.

use super::{StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is kept of a task besides what [`Task`](super::Task) shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The task.
    pub task_id: TaskId,
    /// What makes two requests identical, hexadecimal.
    pub identity_hash: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it moved last.
    pub updated_at: DateTime<Utc>,
    /// When each of its steps moved last.
    pub steps: Vec<StepRecord>,
}

/// What is kept of a step besides what [`Step`](super::Step) shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its number inside the task.
    pub step_no: StepNo,
    /// When it was claimed last, or its last attempt ended.
    pub updated_at: DateTime<Utc>,
}

/// A named task with its steps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedTaskRecord {
    /// Its id.
    pub named_task_id: i32,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `namespace.name@version`.
    pub full_name: String,
    /// For people.
    pub description: Option<String>,
    /// The template, as it was registered.
    pub configuration: Value,
    /// SHA-256 of its content before `${…}` is filled, hexadecimal.
    pub digest: String,
    /// Whether it is the latest version of its name.
    pub latest: bool,
    /// When this content was registered.
    pub registered_at: DateTime<Utc>,
    /// When this version was registered first.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Its steps, by number.
    pub steps: Vec<NamedTaskStepRecord>,
}

/// A named step, as one of a named task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedTaskStepRecord {
    /// Its id.
    pub id: i32,
    /// The named task.
    pub named_task_id: i32,
    /// Its number.
    pub step_no: StepNo,
    /// Whether a request may leave it out.
    pub skippable: bool,
    /// Whether it may be tried more than once.
    pub default_retryable: bool,
    /// How many attempts there may be.
    pub default_retry_limit: i32,
    /// The named step.
    pub named_step: NamedStepRecord,
}

/// A named step: a name in a dependent system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedStepRecord {
    /// Its id.
    pub named_step_id: i32,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// When it was registered first.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// The system that it works on.
    pub dependent_system: DependentSystem,
}

/// A system that steps work on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DependentSystem {
    /// Its id.
    pub dependent_system_id: i32,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// That a thing of one system is a thing of another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DependentSystemObjectMap {
    /// Its id.
    pub dependent_system_object_map_id: i64,
    /// The one system.
    pub dependent_system_one_id: i32,
    /// The other.
    pub dependent_system_two_id: i32,
    /// The id there.
    pub remote_id_one: String,
    /// The id here.
    pub remote_id_two: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// A kind of annotation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnnotationType {
    /// Its id.
    pub annotation_type_id: i32,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}
