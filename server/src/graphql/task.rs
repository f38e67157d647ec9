//! Tasks.

use super::annotation::TaskAnnotation;
use super::gate::{Gate, Once, gate, may, times};
use super::leading::open;
use super::named::NamedTask;
use super::named_set::NamedSet;
use super::scalars::Time;
use super::step::{self, WorkflowStep};
use super::task_fields::TaskFields;
use crate::auth::Access;
use crate::problem::Refusal;
use async_graphql::{Context, ID, Object, Result};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tasker_core::Client;
use tasker_core::model::{self, NamedTaskRecord, TaskId, TaskRecord};

/// Tasks that were found together. What one of them is asked for is loaded for all of them, at once.
#[derive(Debug, Default)]
struct Set {
    ids: Vec<TaskId>,
    /// The question which named tasks may be shown.
    named: NamedSet,
    steps: Once<HashMap<TaskId, Vec<WorkflowStep>>>,
    steps_open: Once<HashSet<TaskId>>,
    annotations: Once<HashMap<TaskId, Vec<TaskAnnotation>>>,
    annotations_open: Once<HashSet<TaskId>>,
    records: Once<HashMap<TaskId, TaskRecord>>,
    named_tasks: Once<HashMap<i32, NamedTaskRecord>>,
}

/// A task: one run of a workflow.
#[derive(Debug, Clone)]
pub(super) struct Task {
    set: Arc<Set>,
    task: Arc<model::Task>,
}

/// Tasks that were found together.
///
/// # Errors
/// `InvalidArgument` where the answer has too many objects by now.
pub(super) fn tasks(gate: &Gate, found: Vec<model::Task>) -> Result<Vec<Task>, Refusal> {
    gate.count(found.len())?;
    let named = found.iter();
    let named = named.map(|task| (task.named_task_id, task.name.clone(), task.namespace.clone()));
    let set = Arc::new(Set {
        ids: found.iter().map(|task| task.task_id).collect(),
        named: NamedSet::new(("tasker.handler", "show"), named),
        ..Set::default()
    });
    Ok(found
        .into_iter()
        .map(|task| Task {
            set: Arc::clone(&set),
            task: Arc::new(task),
        })
        .collect())
}

/// A task by itself.
///
/// # Errors
/// As [`tasks`].
pub(super) fn task(gate: &Gate, found: model::Task) -> Result<Task, Refusal> {
    tasks(gate, vec![found])?
        .pop()
        .ok_or_else(|| Refusal::new(tasker_core::ErrorKind::Internal, "a task was lost on the way"))
}

fn steps_of(id: TaskId) -> crate::auth::Question {
    may("tasker.workflow_step", "index").within(id)
}

/// The question whether a task may be shown.
pub(super) fn shown(id: TaskId) -> crate::auth::Question {
    may("tasker.task", "show").about(id)
}

impl Task {
    /// Its id.
    pub(super) fn task_id_of(&self) -> TaskId {
        self.task.task_id
    }

    async fn record(&self, context: &Context<'_>) -> Result<Option<&TaskRecord>, Refusal> {
        let client = context.data_unchecked::<Client>();
        let records = self.set.records.get(|| async {
            let found = client.task_records(&self.set.ids).await?;
            Ok(found.into_iter().map(|record| (record.task_id, record)).collect())
        });
        Ok(records.await?.get(&self.task.task_id))
    }
}

/// A task: one run of a workflow.
#[Object(name = "Task")]
impl Task {
    /// Its id among everything: for `node`.
    pub(super) async fn id(&self) -> ID {
        format!("Task:{}", self.task.task_id).into()
    }

    /// Its id.
    pub(super) async fn task_id(&self) -> ID {
        self.task.task_id.into()
    }

    /// Its state: pending, in_progress, complete, error, cancelled or resolved_manually.
    pub(super) async fn status(&self) -> &str {
        self.task.status.as_str()
    }

    /// Why it was asked for.
    pub(super) async fn reason(&self) -> Option<&str> {
        Some(&self.task.reason)
    }

    /// Its labels.
    pub(super) async fn tags(&self) -> Option<&[String]> {
        Some(&self.task.tags)
    }

    /// When it was created.
    pub(super) async fn created_at(&self) -> Time {
        self.task.created_at.into()
    }

    /// When it moved last.
    pub(super) async fn updated_at(&self, context: &Context<'_>) -> Result<Option<Time>> {
        let record = self.record(context).await?;
        Ok(record.map(|record| record.updated_at.into()))
    }

    /// What makes two requests identical.
    async fn identity_hash(&self, context: &Context<'_>) -> Result<Option<String>> {
        let record = self.record(context).await?;
        Ok(record.and_then(|record| record.identity_hash.clone()))
    }

    /// The named task that it is an instance of. Takes tasker.handler:show.
    async fn named_task(&self, context: &Context<'_>) -> Result<Option<NamedTask>> {
        let (gate, set) = (gate(context), &self.set);
        set.named.require(gate, self.task.named_task_id).await?;
        let records = set.named_tasks.get(|| async {
            let ids: Vec<i32> = set.named.open(gate).await?.iter().copied().collect();
            let client = context.data_unchecked::<Client>();
            let found = client.named_task_records(&ids).await?;
            Ok(found
                .into_iter()
                .map(|record| (record.named_task_id, record))
                .collect())
        });
        let found = records.await?.get(&self.task.named_task_id).cloned();
        gate.count(1)?;
        Ok(found.map(NamedTask::from))
    }

    /// Its steps, by number. Takes tasker.workflow_step:index.
    #[graphql(complexity = "times(10, child_complexity)")]
    async fn workflow_steps(&self, context: &Context<'_>) -> Result<Option<Vec<WorkflowStep>>> {
        let (gate, set) = (gate(context), &self.set);
        let open = set.steps_open.get(|| open(gate, &set.ids, steps_of)).await?;
        if !open.contains(&self.task.task_id) {
            Err(Access::forbidden(&steps_of(self.task.task_id)))?;
        }
        let steps = set.steps.get(|| async {
            let ids: Vec<TaskId> = open.iter().copied().collect();
            let found = context.data_unchecked::<Client>().steps_of(&ids).await?;
            Ok(step::by_task(found))
        });
        let found = steps.await?.get(&self.task.task_id).cloned().unwrap_or_default();
        gate.count(found.len())?;
        Ok(Some(found))
    }

    /// What was noted on it, oldest first. Takes tasker.task:show.
    #[graphql(complexity = "times(10, child_complexity)")]
    async fn task_annotations(&self, context: &Context<'_>) -> Result<Option<Vec<TaskAnnotation>>> {
        let (gate, set) = (gate(context), &self.set);
        let open = set.annotations_open.get(|| open(gate, &set.ids, shown)).await?;
        if !open.contains(&self.task.task_id) {
            Err(Access::forbidden(&shown(self.task.task_id)))?;
        }
        let annotations = set.annotations.get(|| async {
            let ids: Vec<TaskId> = open.iter().copied().collect();
            let found = context.data_unchecked::<Client>().annotations_of(&ids).await?;
            let mut by_task: HashMap<TaskId, Vec<TaskAnnotation>> = HashMap::new();
            for one in super::annotation::annotations(found) {
                by_task.entry(one.of()).or_default().push(one);
            }
            Ok(by_task)
        });
        let found = annotations.await?.get(&self.task.task_id).cloned();
        let found = found.unwrap_or_default();
        gate.count(found.len())?;
        Ok(Some(found))
    }

    #[graphql(flatten)]
    async fn fields(&self) -> TaskFields {
        TaskFields(Arc::clone(&self.task))
    }
}
