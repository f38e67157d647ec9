//! Lists: steps, workers, namespaces, handlers.

use super::Store;
use super::read::{parse, rows};
use crate::error::Result;
use crate::model::{
    HandlerUse, Listed, NamePage, Namespace, StepFilter, StepSummary, TaskId, Worker, WorkerFilter,
};
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

/// How many a list has at most: 20 unless told, never more than 1,000.
pub(super) fn page_size(limit: u32) -> i64 {
    i64::from(if limit == 0 { 20 } else { limit.min(1000) })
}

/// Rows with how many there are, and whether more follow.
fn listed<T: DeserializeOwned>(rows: Vec<(String, i64, bool)>) -> Result<Listed<T>> {
    let (total, more) = rows
        .last()
        .map_or((0, false), |(_, total, more)| (total.unsigned_abs(), *more));
    let found = rows.iter().map(|(text, ..)| parse(text));
    Ok(Listed {
        found: found.collect::<Result<_>>()?,
        total,
        more,
    })
}

impl Store {
    /// Steps of a task that a filter lets through, by number.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn list_steps(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
        filter: &StepFilter,
    ) -> Result<Vec<StepSummary>> {
        let states: Vec<&str> = filter.status.iter().map(|state| state.as_str()).collect();
        rows(
            self.query_scalar(&self.statements().list_steps)
                .bind(task_id)
                .bind(filter.after)
                .bind(states)
                .bind(&filter.handler)
                .bind(&filter.error_code)
                .bind(page_size(filter.limit))
                .fetch_all(connection)
                .await?,
        )
    }

    /// Workers that a filter lets through, by id.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn list_workers(
        &self,
        connection: &mut PgConnection,
        filter: &WorkerFilter,
    ) -> Result<Listed<Worker>> {
        let health: Vec<&str> = filter.health.iter().map(|health| health.as_str()).collect();
        listed(
            self.query_as(&self.statements().list_workers)
                .bind(filter.worker_id)
                .bind(health)
                .bind(&filter.handler)
                .bind(filter.ended)
                .bind(filter.after)
                .bind(page_size(filter.limit))
                .fetch_all(connection)
                .await?,
        )
    }

    /// Namespaces, by name.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn list_namespaces(
        &self,
        connection: &mut PgConnection,
        page: &NamePage,
    ) -> Result<Listed<Namespace>> {
        listed(
            self.query_as(&self.statements().list_namespaces)
                .bind(&page.containing)
                .bind(&page.after)
                .bind(page_size(page.limit))
                .fetch_all(connection)
                .await?,
        )
    }

    /// Handlers that templates name, by name.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn list_handlers(
        &self,
        connection: &mut PgConnection,
        page: &NamePage,
    ) -> Result<Listed<HandlerUse>> {
        listed(
            self.query_as(&self.statements().list_handlers)
                .bind(&page.containing)
                .bind(&page.after)
                .bind(page_size(page.limit))
                .fetch_all(connection)
                .await?,
        )
    }
}
