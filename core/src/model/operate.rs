//! Arguments of the operator verbs.

use super::{AnnotationFilter, State, StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who does something, and why; kept in the trail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operator {
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// From where: the address of whoever asked, and by which way, such as `10.1.2.3 (http)`.
    #[serde(default)]
    pub from: Option<String>,
}

impl Operator {
    /// An operator with a name.
    pub fn named(by: impl Into<String>) -> Self {
        Self {
            by: Some(by.into()),
            ..Self::default()
        }
    }

    /// The same operator with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A step, named by its number or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepSelector {
    /// By number.
    Number(StepNo),
    /// By name.
    Name(String),
}

impl StepSelector {
    /// Reads text: digits are a number (no step is named so), everything else a name.
    pub fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Name(text.to_owned()),
        }
    }
}

impl From<&str> for StepSelector {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl From<StepNo> for StepSelector {
    fn from(number: StepNo) -> Self {
        Self::Number(number)
    }
}

/// What a pause covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseScope {
    /// One task.
    Task(TaskId),
    /// A named task, all its versions.
    NamedTask {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A namespace.
    Namespace(String),
    /// A handler, in all namespaces.
    Handler(String),
}

/// Changes to a step that has not ended.
#[derive(Debug, Clone, Default)]
pub struct StepUpdate {
    /// The number of attempts in total. Raising it makes an exhausted step eligible again.
    pub retry_limit: Option<i32>,
    /// The step's own input.
    pub inputs: Option<Map<String, Value>>,
}

/// Changes to a task.
#[derive(Debug, Clone, Default)]
pub struct TaskUpdate {
    /// A new reason.
    pub reason: Option<String>,
    /// New tags, replacing the old ones.
    pub tags: Option<Vec<String>>,
    /// A new priority for the steps that have not started.
    pub priority: Option<i16>,
}

/// Which tasks to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only of this name.
    pub name: Option<String>,
    /// Only of this version.
    pub version: Option<String>,
    /// Only in these states; all when empty.
    pub status: Vec<State>,
    /// Only with all of these tags.
    pub tags: Vec<String>,
    /// Only created at or after.
    pub since: Option<DateTime<Utc>>,
    /// Only created before.
    pub created_before: Option<DateTime<Utc>>,
    /// Only those that are paused by themselves, or only those that are not.
    pub paused: Option<bool>,
    /// Only with a failed step of which the last failure has this code.
    pub error_code: Option<String>,
    /// Only asked for by this one.
    pub initiator: Option<String>,
    /// Only asked for by this system.
    pub source_system: Option<String>,
    /// Only with an annotation like this.
    pub annotation: Option<AnnotationFilter>,
    /// Only ended at or after.
    pub completed_since: Option<DateTime<Utc>>,
    /// Only ended before.
    pub completed_before: Option<DateTime<Utc>>,
    /// Only where the context has these values under these keys of its top level.
    pub context: Map<String, Value>,
    /// Only what comes after this task in the list, older ones: the cursor.
    pub after: Option<TaskId>,
    /// At most this many; 20 when zero, capped at 1,000.
    pub limit: u32,
}

impl TaskFilter {
    /// Whether it lets every task through, its cursor and its limit aside.
    pub fn is_everything(&self) -> bool {
        let texts = [
            &self.namespace,
            &self.name,
            &self.version,
            &self.error_code,
            &self.initiator,
            &self.source_system,
        ];
        let times = [
            self.since,
            self.created_before,
            self.completed_since,
            self.completed_before,
        ];
        texts.iter().all(|text| text.is_none())
            && times.iter().all(Option::is_none)
            && self.status.is_empty()
            && self.tags.is_empty()
            && self.context.is_empty()
            && self.paused.is_none()
            && self.annotation.is_none()
    }
}
