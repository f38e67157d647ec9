//! What a task looks like: itself, its steps, what was noted on it; or parts of that.

use super::conditional::tag_of;
use crate::problem::Refusal;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use tasker_core::model::{Annotation, DependencyAnalysis, Step, Task, TaskId};
use tasker_core::{Client, Result, WholeTask};
use utoipa::ToSchema;

/// A task with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskBody {
    /// The task.
    #[serde(flatten)]
    pub(crate) task: Task,
    /// Its steps, by number.
    pub(crate) workflow_steps: Vec<Step>,
    /// What was noted on it, oldest first.
    pub(crate) task_annotations: Vec<AnnotationBody>,
    /// Where it stands in its graph, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dependency_analysis: Option<Box<DependencyAnalysis>>,
}

/// An annotation, as the ancestor shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnnotationBody {
    /// Its task.
    pub(crate) task_id: uuid::Uuid,
    /// Its id.
    pub(crate) task_annotation_id: i64,
    /// What it says.
    pub(crate) annotation: Value,
    /// What kind of thing it says.
    pub(crate) annotation_type_name: String,
}

impl From<Annotation> for AnnotationBody {
    fn from(annotation: Annotation) -> Self {
        Self {
            task_id: annotation.task_id,
            task_annotation_id: annotation.task_annotation_id,
            annotation: annotation.annotation,
            annotation_type_name: annotation.annotation_type,
        }
    }
}

const STEPS: &str = "workflow_steps";
const ANNOTATIONS: &str = "task_annotations";
/// Shown where it was asked for, whatever else is.
const ANALYSIS: &str = "dependency_analysis";
/// The members of a task, besides its steps and annotations.
const MEMBERS: &[&str] = &[
    "task_id",
    "name",
    "namespace",
    "version",
    "full_name",
    "named_task_id",
    "status",
    "complete",
    "initiator",
    "source_system",
    "reason",
    "tags",
    "bypass_steps",
    "context",
    "priority",
    "requested_at",
    "created_at",
    "started_at",
    "completed_at",
    "paused",
    "paused_at",
    "total_steps",
    "pending_steps",
    "in_progress_steps",
    "completed_steps",
    "failed_steps",
    "ready_steps",
    "execution_status",
    "recommended_action",
    "completion_percentage",
    "health_status",
];

/// Which members of a task are shown.
#[derive(Debug)]
pub(crate) struct Part(Option<BTreeSet<String>>);

impl Part {
    /// Every member.
    pub(crate) fn every() -> Self {
        Self(None)
    }

    /// Every member of a task that was just created: nothing was noted on it.
    pub(crate) fn of_new() -> Self {
        let members = MEMBERS.iter().copied().chain([STEPS]);
        Self(Some(members.map(str::to_owned).collect()))
    }

    /// Whether every member is shown.
    pub(crate) fn all(&self) -> bool {
        self.0.is_none()
    }

    fn has(&self, member: &str) -> bool {
        self.0.as_ref().is_none_or(|members| members.contains(member))
    }

    /// The members of a body that are shown.
    pub(crate) fn of(&self, body: &TaskBody) -> Value {
        match serde_json::to_value(body) {
            Ok(Value::Object(members)) => {
                let shown: Map<String, Value> = members
                    .into_iter()
                    .filter(|(name, _)| name == ANALYSIS || self.has(name))
                    .collect();
                Value::Object(shown)
            }
            _ => Value::Null,
        }
    }
}

/// Reads `fields`.
pub(crate) fn parts(fields: Option<&str>) -> Result<Part, Refusal> {
    let Some(fields) = fields else {
        return Ok(Part::every());
    };
    let names: BTreeSet<String> = fields
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let unknown = names
        .iter()
        .find(|name| ![STEPS, ANNOTATIONS].contains(&name.as_str()) && !MEMBERS.contains(&name.as_str()));
    if names.is_empty() {
        return Err(Refusal::malformed("fields: name at least one, or leave it out"));
    }
    match unknown {
        Some(name) => Err(Refusal::malformed(format!(
            "fields: a task has no '{name}'; it has {}, {STEPS}, {ANNOTATIONS}",
            MEMBERS.join(", ")
        ))),
        None => Ok(Part(Some(names))),
    }
}

/// A task with what is shown of it.
pub(crate) async fn body(client: &Client, task: Task, parts: &Part) -> Result<TaskBody, Refusal> {
    let mut bodies = bodies(client, vec![task], parts).await?;
    bodies
        .pop()
        .ok_or_else(|| Refusal::new(tasker_core::ErrorKind::Internal, "a task was lost on the way"))
}

/// Tasks with what is shown of them: two statements for all of them.
pub(crate) async fn bodies(
    client: &Client,
    tasks: Vec<Task>,
    parts: &Part,
) -> Result<Vec<TaskBody>, Refusal> {
    let ids: Vec<TaskId> = tasks.iter().map(|task| task.task_id).collect();
    let mut steps: HashMap<TaskId, Vec<Step>> = HashMap::new();
    if parts.has(STEPS) && !ids.is_empty() {
        for step in client.steps_of(&ids).await? {
            steps.entry(step.task_id).or_default().push(step);
        }
    }
    let mut annotations: HashMap<TaskId, Vec<AnnotationBody>> = HashMap::new();
    if parts.has(ANNOTATIONS) && !ids.is_empty() {
        for annotation in client.annotations_of(&ids).await? {
            annotations
                .entry(annotation.task_id)
                .or_default()
                .push(annotation.into());
        }
    }
    Ok(tasks
        .into_iter()
        .map(|task| TaskBody {
            workflow_steps: steps.remove(&task.task_id).unwrap_or_default(),
            task_annotations: annotations.remove(&task.task_id).unwrap_or_default(),
            dependency_analysis: None,
            task,
        })
        .collect())
}

impl From<WholeTask> for TaskBody {
    fn from(whole: WholeTask) -> Self {
        Self {
            task: whole.task,
            workflow_steps: whole.steps,
            task_annotations: whole.annotations.into_iter().map(AnnotationBody::from).collect(),
            dependency_analysis: None,
        }
    }
}

/// The `ETag` of a task with every member; where it stands in its graph is not part of it.
pub(crate) fn tag(body: &TaskBody) -> String {
    tag_of(body)
}

#[cfg(test)]
mod tests {
    use super::{MEMBERS, parts};

    #[test]
    fn fields_that_a_task_does_not_have_are_refused_by_name() {
        assert!(parts(Some("task_id, status,workflow_steps")).is_ok());
        let Err(refused) = parts(Some("state")) else {
            panic!("a task has no state");
        };
        assert!(refused.detail.contains("no 'state'"), "{}", refused.detail);
        assert!(MEMBERS.iter().all(|member| refused.detail.contains(member)));
    }
}
