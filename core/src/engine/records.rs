//! The records behind tasks and steps, for those who show all of them.

use super::Client;
use super::client::call;
use crate::error::Result;
use crate::model::{
    AnnotationType, DependentSystemObjectMap, NamedStepRecord, NamedTaskRecord, TaskId, TaskRecord,
};

impl Client {
    /// What else is kept of some tasks and their steps; unknown ids are left out.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn task_records(&self, ids: &[TaskId]) -> Result<Vec<TaskRecord>> {
        call!(self, |store, connection| store.task_records(connection, ids))
    }

    /// Named tasks with their steps; unknown ids are left out.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn named_task_records(&self, ids: &[i32]) -> Result<Vec<NamedTaskRecord>> {
        call!(self, |store, connection| store
            .named_task_records(connection, ids))
    }

    /// Named steps; unknown ids are left out.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn named_step_records(&self, ids: &[i32]) -> Result<Vec<NamedStepRecord>> {
        call!(self, |store, connection| store
            .named_step_records(connection, ids))
    }

    /// What things of a dependent system are in others, the newest `most`.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn object_maps(
        &self,
        dependent_system_id: i32,
        most: i64,
    ) -> Result<Vec<DependentSystemObjectMap>> {
        call!(self, |store, connection| store.object_maps(
            connection,
            dependent_system_id,
            most
        ))
    }

    /// Every kind of annotation, by name.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn annotation_types(&self) -> Result<Vec<AnnotationType>> {
        call!(self, |store, connection| store.annotation_types(connection))
    }
}
