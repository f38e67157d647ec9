//! What was noted on tasks.

use super::gate::Once;
use super::leading::Leading;
use super::scalars::{Long, Time};
use super::task::Task;
use async_graphql::{Context, ID, Object, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use tasker_core::Client;
use tasker_core::model::{self, Annotation, TaskId};

/// Annotations that were found together.
#[derive(Debug, Default)]
struct Set {
    ids: Vec<TaskId>,
    tasks: Leading,
    types: Once<Vec<model::AnnotationType>>,
}

/// What an application notes on a task, to find it by.
#[derive(Debug, Clone)]
pub(super) struct TaskAnnotation {
    set: Arc<Set>,
    annotation: Arc<Annotation>,
}

/// Annotations that were found together.
pub(super) fn annotations(found: Vec<Annotation>) -> Vec<TaskAnnotation> {
    let ids: BTreeSet<TaskId> = found.iter().map(|one| one.task_id).collect();
    let set = Arc::new(Set {
        ids: ids.into_iter().collect(),
        ..Set::default()
    });
    found
        .into_iter()
        .map(|annotation| TaskAnnotation {
            set: Arc::clone(&set),
            annotation: Arc::new(annotation),
        })
        .collect()
}

impl TaskAnnotation {
    /// Its task.
    pub(super) fn of(&self) -> TaskId {
        self.annotation.task_id
    }

    async fn kind(&self, context: &Context<'_>) -> Result<Option<AnnotationType>> {
        let types = self.set.types.get(|| async {
            let client = context.data_unchecked::<Client>();
            Ok(client.annotation_types().await?)
        });
        let name = &self.annotation.annotation_type;
        let found = types.await?.iter().find(|one| one.name == *name);
        Ok(found.cloned().map(AnnotationType))
    }
}

/// What an application notes on a task, to find it by.
#[Object(name = "TaskAnnotation")]
impl TaskAnnotation {
    /// Its id.
    async fn task_annotation_id(&self) -> Long {
        Long(self.annotation.task_annotation_id)
    }

    /// The id of its task.
    async fn task_id(&self) -> ID {
        self.annotation.task_id.into()
    }

    /// What it says.
    async fn annotation(&self) -> &Value {
        &self.annotation.annotation
    }

    /// The name of its type.
    async fn annotation_type_name(&self) -> &str {
        &self.annotation.annotation_type
    }

    /// When it was noted.
    async fn created_at(&self) -> Time {
        self.annotation.created_at.into()
    }

    /// When it was noted: annotations do not change.
    async fn updated_at(&self) -> Time {
        self.annotation.created_at.into()
    }

    /// The id of its type.
    async fn annotation_type_id(&self, context: &Context<'_>) -> Result<Option<i32>> {
        Ok(self.kind(context).await?.map(|kind| kind.0.annotation_type_id))
    }

    /// What kind of thing it says. Takes no permission, as the ancestor's does not.
    async fn annotation_type(&self, context: &Context<'_>) -> Result<Option<AnnotationType>> {
        self.kind(context).await
    }

    /// Its task. Takes tasker.task:show.
    async fn task(&self, context: &Context<'_>) -> Result<Option<Task>> {
        self.set
            .tasks
            .to(context, &self.set.ids, self.annotation.task_id)
            .await
    }
}

/// A kind of annotation.
#[derive(Debug, Clone)]
pub(super) struct AnnotationType(pub(super) model::AnnotationType);

/// A kind of annotation.
#[Object(name = "AnnotationType")]
impl AnnotationType {
    /// Its id.
    async fn annotation_type_id(&self) -> i32 {
        self.0.annotation_type_id
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> Time {
        self.0.created_at.into()
    }

    /// When it was changed last.
    async fn updated_at(&self) -> Time {
        self.0.updated_at.into()
    }
}
