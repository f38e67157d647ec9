//! annotate: what an application notes on a task, to find it by.

use super::Client;
use super::client::{call, operate};
use crate::error::{Error, Result};
use crate::model::{Annotation, Operator, TaskId};
use crate::values::check_json;
use serde_json::Value;

impl Client {
    /// Notes something on a task, to find it by. Each call adds an annotation; a type that is not there yet is made. Where the
    /// operator says who or why, that is kept beside the trail.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` (a type of no or more than 64 characters, an annotation that is null or that jsonb cannot
    /// hold), `DatabaseUnavailable`.
    pub async fn annotate_task(
        &self,
        id: TaskId,
        annotation_type: &str,
        annotation: &Value,
        operator: &Operator,
    ) -> Result<Annotation> {
        check_json(annotation.to_string().as_bytes(), usize::MAX)
            .map_err(|problem| Error::invalid_argument(format!("the annotation: {problem}")))?;
        operate!(self, operator, |store, connection| store.annotate_task(
            connection,
            id,
            annotation_type,
            annotation,
            operator
        ))
    }

    /// What was noted on a task, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn list_annotations(&self, id: TaskId) -> Result<Vec<Annotation>> {
        let found = call!(self, |store, connection| store
            .list_annotations(connection, &[id]))?;
        if found.is_empty() {
            self.task_state(id).await?;
        }
        Ok(found)
    }

    /// What was noted on some tasks, oldest first; unknown ids are left out.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn annotations_of(&self, ids: &[TaskId]) -> Result<Vec<Annotation>> {
        call!(self, |store, connection| store.list_annotations(connection, ids))
    }
}
