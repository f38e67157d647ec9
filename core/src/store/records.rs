//! The records behind tasks and steps.

use super::Store;
use super::read::rows;
use crate::error::Result;
use crate::model::{
    AnnotationType, DependentSystemObjectMap, NamedStepRecord, NamedTaskRecord, TaskId, TaskRecord,
};
use sqlx::PgConnection;

impl Store {
    /// What else is kept of tasks.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn task_records(
        &self,
        connection: &mut PgConnection,
        ids: &[TaskId],
    ) -> Result<Vec<TaskRecord>> {
        let statement = &self.statements().task_records;
        rows(
            self.query_scalar(statement)
                .bind(ids)
                .fetch_all(connection)
                .await?,
        )
    }

    /// Named tasks by id.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn named_task_records(
        &self,
        connection: &mut PgConnection,
        ids: &[i32],
    ) -> Result<Vec<NamedTaskRecord>> {
        let statement = &self.statements().named_task_records;
        rows(
            self.query_scalar(statement)
                .bind(ids)
                .fetch_all(connection)
                .await?,
        )
    }

    /// Named steps by id.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn named_step_records(
        &self,
        connection: &mut PgConnection,
        ids: &[i32],
    ) -> Result<Vec<NamedStepRecord>> {
        let statement = &self.statements().named_step_records;
        rows(
            self.query_scalar(statement)
                .bind(ids)
                .fetch_all(connection)
                .await?,
        )
    }

    /// What things of a dependent system are in others, the newest `most`.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn object_maps(
        &self,
        connection: &mut PgConnection,
        dependent_system_id: i32,
        most: i64,
    ) -> Result<Vec<DependentSystemObjectMap>> {
        rows(
            self.query_scalar(&self.statements().object_maps)
                .bind(dependent_system_id)
                .bind(most)
                .fetch_all(connection)
                .await?,
        )
    }

    /// Every kind of annotation, by name.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn annotation_types(&self, connection: &mut PgConnection) -> Result<Vec<AnnotationType>> {
        let statement = &self.statements().annotation_types;
        rows(self.query_scalar(statement).fetch_all(connection).await?)
    }
}
